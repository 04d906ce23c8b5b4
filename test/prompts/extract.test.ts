import { describe, expect, test } from "vitest";
import { readExtraction } from "../../src/prompts/extract.ts";

const instruction = "Count what is left out and subtract it from the whole.";

describe("is read:", () => {
  test.each([
    ["a bare object", `{"behavior_complement": "${instruction}"}`],
    [
      "a fenced block with text around it",
      `Sure:\n\`\`\`json\n{"behavior_complement": "${instruction}"}\n\`\`\`\nDone {ok}.`,
    ],
    ["an object in the midst of text", `Here it is: {"behavior_complement": "${instruction}"} as asked.`],
    ["thoughts before the answer", `<think>{"a": 1}</think>{"behavior_complement": "${instruction}"}`],
    ["a name without prefix", `{"complement": "${instruction}"}`],
    ["a plural prefix, as in the paper", `{"behaviors_complement": "${instruction}"}`],
    ["an object as value", `{"behavior_complement": {"instruction": "${instruction}", "extra": 1}}`],
    ["a list", `[{"name": "complement", "instruction": "${instruction}", "topic": null}]`],
    [
      "an object around it",
      `{"behaviors": [{"name": "behavior_complement", "instruction": "${instruction}"}]}`,
    ],
    ["an object around an object", `{"behaviors": {"behavior_complement": "${instruction}"}}`],
  ])("%s", (_, answer) => {
    expect(readExtraction(answer)).toEqual([
      { name: "behavior_complement", instruction, when: "", keywords: [] },
    ]);
  });

  test("keywords as one string, and a situation that is too long", () => {
    const value = { instruction, keywords: "sets, counting,", when: "x".repeat(600) };
    expect(readExtraction(JSON.stringify({ behavior_a: value }))).toMatchObject([
      { keywords: ["sets", "counting"], when: "x".repeat(500) },
    ]);
  });

  test("no suggestion at all", () => {
    expect(readExtraction("{}")).toEqual([]);
  });
});

describe("is refused with the problem named:", () => {
  test.each([
    ["no object", "I have no suggestions.", /no JSON object/],
    ["an object that is cut off", '{"behavior_a": "Do', /no JSON object|does not parse/],
    ["broken JSON", '{"behavior_a": Do this}', /does not parse/],
    ["a list without instructions", '[{"name": "behavior_a"}]', /instruction/],
    ["a value without instruction", '{"behavior_a": {"when": "x"}}', /behavior_a/],
    ["a name with spaces", `{"behavior_use the complement": "${instruction}"}`, /no behavior name/],
    ["a name in capitals", `{"behavior_Complement": "${instruction}"}`, /no behavior name/],
    ["a name of 300 characters", `{"behavior_${"a".repeat(300)}": "${instruction}"}`, /80/],
    ["a control character", '{"behavior_a": "Do\\u0000this"}', /control character/],
    ["half a surrogate pair", '{"behavior_a": "Do\\ud800this"}', /surrogate/],
  ])("%s", (_, answer, problem) => {
    expect(() => readExtraction(answer)).toThrow(
      expect.objectContaining({ code: "LLM_BAD_OUTPUT", message: expect.stringMatching(problem) }),
    );
  });
});
