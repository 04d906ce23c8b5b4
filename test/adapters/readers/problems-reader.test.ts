import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readProblems } from "../../../src/adapters/readers/problems-reader.ts";
import { choiceFault } from "../../../src/rules/answers/choice.ts";
import { tempDirectory } from "../../ports.ts";

async function read(rows: readonly (object | string)[], limit?: number) {
  using directory = tempDirectory();
  const path = join(directory.path, "problems.jsonl.gz");
  writeFileSync(
    path,
    gzipSync(rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n")),
  );
  return await readProblems(path, choiceFault, limit);
}

test("public sets are read as they are published", async () => {
  const { problems, refused } = await read([
    { problem: "2 + 2?", answer: "4", subject: "Algebra", level: 1, unique_id: "test/algebra/1.json" },
    { question: "6 eggs, 7 times?", answer: "6 * 7 = 42\n#### 42" },
    { question: "Capital?", choices: ["Rome", "Paris"], answer: 1, subject: "geography" },
    {
      id: "arc",
      question: "Which?",
      choices: { text: ["x", "y", "z"], label: ["1", "2", "3"] },
      answerKey: "3",
    },
    { question: "How many?", options: { B: "4", A: "3" }, answer: 4 },
  ]);
  expect(refused).toEqual([]);
  expect(problems).toEqual([
    { id: "test/algebra/1.json", task: "2 + 2?", answer: "4", topic: "Algebra" },
    { id: "line 2", task: "6 eggs, 7 times?", answer: "6 * 7 = 42\n#### 42" },
    { id: "line 3", task: "Capital?", answer: "B", choices: ["Rome", "Paris"], topic: "geography" },
    { id: "arc", task: "Which?", answer: "C", choices: ["x", "y", "z"] },
    { id: "line 5", task: "How many?", answer: "4", choices: ["3", "4"] },
  ]);
});

test("what is no problem is named with its line and its reason", async () => {
  const { problems, refused } = await read([
    { task: "a", answer: 1, id: "x" },
    "{",
    "",
    { task: "", answer: 1 },
    { task: "b" },
    { task: "c", answer: 2, id: "x" },
    { task: "d", answer: 9, choices: ["one", "two"] },
    { task: "e", answer: "three", choices: ["one", "two"] },
  ]);
  expect(problems.map(({ id }) => id)).toEqual(["x"]);
  expect(refused.map(({ line, reason }) => `${line} ${reason}`)).toEqual([
    "2 is not JSON",
    "4 has no text as problem, question, task, prompt, instruction, input",
    "5 has no answer, gold, final_answer, answerKey, target",
    "6 its id is that of line 1",
    "7 its answer is the place of no choice",
    "8 its answer names none of its choices, or more than one",
  ]);
});

test("a limit stops after so many problems", async () => {
  const rows = [1, 2, 3].map((n) => ({ task: `${n}?`, answer: n }));
  expect((await read(rows, 2)).problems).toHaveLength(2);
});
