import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readAcePlaybook } from "../../../src/adapters/readers/ace-playbook-reader.ts";

const names = (text: string) => readAcePlaybook(text).behaviors.map(({ name }) => name);

test("each item is a behavior, named by its first telling words, with its section as topic", () => {
  const text = [
    "## STRATEGIES AND HARD RULES",
    "[shr-00001] Make sure to end code blocks with ``` followed by a newline(\\n).",
    "",
    "## TROUBLESHOOTING AND PITFALLS:",
    "[ts-00007] helpful=3 harmful=1 :: When an upload fails: check the token's scope first.",
  ].join("\r\n");
  expect(readAcePlaybook(text)).toEqual({
    behaviors: [
      {
        name: "behavior_end_code_blocks_followed_newline",
        instruction: "Make sure to end code blocks with ``` followed by a newline(\\n).",
        when: "",
        keywords: [],
        topic: "strategies and hard rules",
        source: "ACE playbook, item shr-00001",
      },
      {
        name: "behavior_upload_fails_check_token_scope_first",
        instruction: "When an upload fails: check the token's scope first.",
        when: "",
        keywords: [],
        topic: "troubleshooting and pitfalls",
        source: "ACE playbook, item ts-00007: helpful 3, harmful 1",
      },
    ],
    refused: [],
  });
});

test("an item goes on over further lines, and a comment in its code is no heading", () => {
  const text = [
    "## CODE",
    "[code-00001] Page through:",
    "```python",
    "# all pages",
    "get(page)",
    "```",
    "## NEXT",
    "[n-1] Do it.",
  ];
  const { behaviors } = readAcePlaybook(text.join("\n"));
  expect(behaviors.map(({ instruction, topic }) => ({ instruction, topic }))).toEqual([
    { instruction: "Page through:\n```python\n# all pages\nget(page)\n```", topic: "code" },
    { instruction: "Do it.", topic: "next" },
  ]);
});

describe("names", () => {
  test("that would be the same are numbered, in the order of the file", () => {
    const text = "## A\n[a-1] Check the total.\n[a-2] Check the total!\n[a-3] Check the total?";
    expect(names(text)).toEqual(["behavior_check_total", "behavior_check_total_2", "behavior_check_total_3"]);
  });

  test("are at most 80 characters, with their number", () => {
    const item = "incomprehensibilities characteristically disproportionately counterrevolutionary";
    const [first = "", second = ""] = names(`## A\n[a-1] ${item}\n[a-2] ${item}`);
    expect(first).toBe("behavior_incomprehensibilities_characteristically_disproportionately");
    expect(second).toBe(`${first}_2`);
    for (const name of names(`## A\n${"[a-1] ".concat("word".repeat(17), " abc\n").repeat(12)}`))
      expect(name.length).toBeLessThanOrEqual(80);
  });

  test("of a text without Latin letters come from its id", () => {
    expect(names("## A\n[shr-00012] 先检查单位。")).toEqual(["behavior_shr_00012"]);
    expect(names("## A\n[shr-00013] Überprüfe die Größe zuerst.")).toEqual([
      "behavior_uberprufe_die_gro_zuerst",
    ]);
  });
});

test("what is no item, is empty or is beyond 4,000 characters is refused by line", () => {
  const text = `A preface.\n## A\n[a-1] Good advice.\n[a-2] \n[a-3] ${"x".repeat(4001)}\n[a-4] ${"y ".repeat(1999)}z\n`;
  const { behaviors, refused } = readAcePlaybook(text);
  expect(behaviors.map(({ instruction }) => instruction.length)).toEqual([12, 3999]);
  expect(refused).toEqual([
    { place: "line 1", reason: "belongs to no item" },
    { place: "line 4", reason: expect.stringMatching(/^instruction: /) },
    { place: "line 5", reason: expect.stringContaining("4000") },
  ]);
});

test("control characters are taken out", () => {
  const { behaviors } = readAcePlaybook("## A\n[a-1] Check\u0000 \u001b[1mthe\u001b[0m sum.");
  expect(behaviors[0]?.instruction).toBe("Check the sum.");
});

const DATA = process.env.HANDBOOK_BENCH_DATA;
describe.skipIf(!DATA)("the playbooks that ACE learned on AppWorld (needs HANDBOOK_BENCH_DATA)", () => {
  test.each(["initial", "offline_trained_no_gt", "online_trained"])("%s is read whole", (name) => {
    const folder = join(DATA ?? "", "handbooks/ace_appworld");
    const { behaviors, refused } = readAcePlaybook(
      readFileSync(join(folder, `appworld_${name}_playbook.txt`), "utf8"),
    );
    const items = readFileSync(join(folder, `appworld_${name}_playbook.items.jsonl`), "utf8")
      .trim()
      .split("\n");
    const expected: { section: string; text: string }[] = items.map((line) => JSON.parse(line));
    expect(refused).toEqual([]);
    expect(behaviors.map(({ instruction, topic }) => ({ instruction, topic }))).toEqual(
      expected.map(({ text, section }) => ({
        instruction: text.trim(),
        topic: section.toLowerCase().replace(/:$/, ""),
      })),
    );
    expect(new Set(behaviors.map((behavior) => behavior.name)).size).toBe(behaviors.length);
  });
});
