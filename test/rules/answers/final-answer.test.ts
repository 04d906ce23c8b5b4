import { describe, expect, test } from "vitest";
import { finalAnswer, goldAnswer, kindOf } from "../../../src/rules/answers/final-answer.ts";

describe("the final answer is", () => {
  test.each([
    [
      "the last box, with the braces inside it",
      "So \\boxed{1}, no: \\boxed{\\frac{1}{\\sqrt{2}}}.",
      "\\frac{1}{\\sqrt{2}}",
    ],
    ["a box without braces", "It is \\boxed 5.", "5"],
    ["a set in a box", "\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"],
    ["the last box that closes", "\\boxed{7} or rather \\boxed{\\frac{1}{2", "7"],
    ["behind the hashes of GSM8K", "6 * 7 = 42\n#### 1,042", "1,042"],
    [
      "what a sentence says it is",
      "There are 3 boys. The answer is $\\frac{3}{4}$ of 12. Check: 9",
      "$\\frac{3}{4}$",
    ],
    ["what a heading says", "**Answer:** 12 apples\n", "12 apples"],
    ["without its reason", "The final answer is 12 because 3 * 4 = 12", "12"],
    ["money", "The answer is $18.90.", "$18.90"],
    ["the last number, if nothing better is there", "3 + 4 = 7, so we have 1,007", "1,007"],
    [
      "the value of the last formula, if the last number is in it",
      "So $x = 2$, and $y = x + 1 = 3\\sqrt{13}$.",
      "3\\sqrt{13}",
    ],
    ["not that of a step", `The answer is 5 for A. ${"Then we go on. ".repeat(30)} In all it is 12.`, "12"],
    ["the one at the top", `**Answer:** 7\n\n${"For 1 + 2 is 3. ".repeat(40)}`, "7"],
    ["what stands after the thoughts", "<think>\\boxed{1}</think>It is 2", "2"],
  ])("%s", (_, text, answer) => expect(finalAnswer(text, "math")).toBe(answer));

  test("the last line of a text that is no mathematics", () => {
    expect(finalAnswer("Let me see.\n**The Eiffel Tower**", "exact")).toBe("The Eiffel Tower");
  });

  test.each([
    ["\\boxed{", undefined],
    ["\n", undefined],
    [" *", undefined],
    ["answer ", undefined],
    ["\\boxed{7} \\boxed{", "7"],
  ])("in the text of a model that repeated %j without end", (loop, answer) => {
    const started = performance.now();
    expect(finalAnswer(`So it goes: ${loop.repeat(40_000)}.`, "math")).toBe(answer);
    expect(finalAnswer(`answer: x${loop.repeat(40_000)}x`, "exact")).toBeDefined();
    expect(performance.now() - started).toBeLessThan(3000); // half a minute where the time grew with the square
  });

  test("missing where there is none", () => {
    expect(finalAnswer("I do not know.", "math")).toBeUndefined();
    expect(finalAnswer("", "exact")).toBeUndefined();
    expect(finalAnswer("<think>maybe \\boxed{3}, or 4", "math")).toBeUndefined();
  });

  test("of a text that was cut off only what is in a box", () => {
    expect(finalAnswer("3 + 4 = 7, and then", "math", true)).toBeUndefined();
    expect(finalAnswer("So \\boxed{7}. To check", "math", true)).toBe("7");
  });
});

test("a worked solution as the right answer ends with it", () => {
  expect(goldAnswer("6 * 7 = 42\n#### 42")).toBe("42");
  expect(goldAnswer("Clearly $\\boxed{x^2}$.")).toBe("x^2");
  expect(goldAnswer("\\frac{1}{2}")).toBe("\\frac{1}{2}");
});

test("how a problem is checked follows from its answer", () => {
  expect(kindOf({ answer: "B", choices: ["1", "2"] })).toBe("choice");
  for (const answer of ["12", "x", "p - q", "\\text{east}", "work\n#### 7"])
    expect(kindOf({ answer })).toBe("math");
  for (const answer of ["Paris", "the blue one"]) expect(kindOf({ answer })).toBe("exact");
});
