import { describe, expect, test } from "vitest";
import { parseDocument, rowsOfValue } from "../../../src/adapters/readers/json-rows.ts";
import { readTraceRow } from "../../../src/adapters/readers/trace-json-reader.ts";
import { type RowRead, readRows } from "../../../src/adapters/readers/transcripts.ts";

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const array: T[] = [];
  for await (const value of values) array.push(value);
  return array;
}

async function readOne(row: unknown): Promise<RowRead> {
  const [read] = await all(readRows(rowsOfValue([row]), "auto"));
  if (read === undefined) throw new Error("nothing was read");
  return read;
}

async function trace(row: object) {
  const read = await readOne(row);
  if (!("trace" in read)) throw new Error(read.reason);
  return read.trace;
}

async function reason(row: unknown) {
  const read = await readOne(row);
  return "trace" in read ? undefined : read.reason;
}

describe("fields", () => {
  test("of our own traces come back, without the ids of another ledger", async () => {
    const own = {
      id: "01JD0000000000000000000000",
      handbook: "math",
      task: "t",
      reasoning: "r",
      answer: "a",
      outcome: "failure",
      evidence: "test",
      output_tokens: 12,
      input_tokens: 3,
      tokens_counted_by: "caller",
      model: "m",
      agent: "g",
      use_id: "01JD0000000000000000000001",
      improves: "01JD0000000000000000000002",
      redacted: [],
      created_at: "2026-01-01T00:00:00.000Z",
    };
    expect(await trace(own)).toEqual({
      handbook: "math",
      task: "t",
      reasoning: "r",
      answer: "a",
      outcome: "failure",
      evidence: "test",
      output_tokens: 12,
      input_tokens: 3,
      model: "m",
      agent: "g",
    });
  });

  test.each(["question", "problem", "prompt", "task", "instruction"])(
    "a task may be called %s",
    async (name) => {
      expect(await trace({ [name]: "t", reasoning: "r" })).toMatchObject({ task: "t" });
    },
  );

  test.each(["reasoning", "thinking", "reasoning_content", "solution", "thoughts"])(
    "reasoning may be called %s",
    async (name) => {
      expect(await trace({ task: "t", [name]: "r" })).toMatchObject({ reasoning: "r" });
    },
  );

  test.each(["final", "answer", "output", "response"])("an answer may be called %s", async (name) => {
    expect(await trace({ task: "t", reasoning: "r", [name]: "a" })).toMatchObject({ answer: "a" });
  });

  test("that are blank count as missing, and the next name is tried", async () => {
    const row = { question: " ", task: "t", reasoning: "r", final: "", predicted: "(3, \\pi/2)" };
    expect(await trace(row)).toMatchObject({ task: "t", answer: "(3, \\pi/2)" });
  });

  test("may be lists of texts, and answers numbers", async () => {
    const row = { task: "t", thoughts: ["first", "second"], answer: 42 };
    expect(await trace(row)).toMatchObject({ reasoning: "first\n\nsecond", answer: "42" });
  });

  test("an instruction comes with the input that it is about", async () => {
    const row = { instruction: "Sort these.", input: "3 1 2", output: "1 2 3" };
    expect(await trace(row)).toMatchObject({ task: "Sort these.\n\n3 1 2" });
  });

  test("a response is the reasoning where there is no other, and is not kept twice", async () => {
    const { reasoning, answer } = await trace({ prompt: "p", reflections: [], final_solution: "code" });
    expect({ reasoning, answer }).toEqual({ reasoning: "code", answer: undefined });
    const told = await trace({ prompt: "p", reflections: ["It broke."], final_solution: "code" });
    expect(told).toMatchObject({ reasoning: "It broke.", answer: "code" });
  });

  test("hold text without control characters and half surrogates", async () => {
    const row = { task: "a\u0000b", reasoning: "\u001b[31mred\u001b[0m \ud800 \u202ex", answer: "\u0007" };
    const { task, reasoning, answer } = await trace(row);
    expect({ task, reasoning, answer }).toEqual({ task: "ab", reasoning: "red \ufffd x", answer: undefined });
  });
});

describe("an outcome", () => {
  test.each([
    [{ correct: true }, "success"],
    [{ correct: false }, "failure"],
    [{ success: 1 }, "success"],
    [{ is_correct: 0 }, "failure"],
    [{ passed: true }, "success"],
    [{ reward: 1 }, "success"],
    [{ reward: 0 }, "failure"],
    [{ reward: 0.5 }, "unknown"],
    [{ reward: -1 }, "unknown"],
    [{ correct: null, reward: 1 }, "success"],
    [{ correct: "yes" }, "unknown"],
    [{ outcome: "failure", correct: true }, "failure"],
    [{}, "unknown"],
  ])("of %j is %s", async (fields, outcome) => {
    expect(await trace({ task: "t", reasoning: "r", ...fields })).toMatchObject({ outcome });
  });

  test("that a set states is somebody else's check, unless the row has our own word for it", async () => {
    const row = { task: "t", reasoning: "r", correct: true };
    expect((await trace(row)).evidence).toBe("checker");
    expect((await trace({ ...row, evidence: "test" })).evidence).toBe("test");
    expect((await trace({ ...row, evidence: ["a passage of a paper"] })).evidence).toBe("checker");
    expect((await trace({ task: "t", reasoning: "r", evidence: "test" })).evidence).toBeUndefined();
  });
});

describe("token counts", () => {
  test("are the caller's when they are whole numbers", async () => {
    const row = { task: "t", reasoning: "r" };
    expect((await trace({ ...row, completion_tokens: 7, prompt_tokens: 5 })).output_tokens).toBe(7);
    for (const output_tokens of ["7", 7.5, -1, null]) {
      expect((await trace({ ...row, output_tokens })).output_tokens).toBeUndefined();
    }
  });

  test("that our server made from the report are no caller's", async () => {
    const row = { task: "t", reasoning: "r", output_tokens: 7, tokens_counted_by: "server" };
    expect((await trace(row)).output_tokens).toBeUndefined();
  });
});

describe("a row is refused with its reason:", () => {
  test.each([
    ["no object", "text", "is no JSON object"],
    ["a list", [1], "is no JSON object"],
    ["null", null, "is no JSON object"],
    ["no task", { reasoning: "r" }, "has no task: looked for question, problem, prompt, task, instruction"],
    ["a task that is no text", { task: 3, reasoning: "r" }, "has no task"],
    ["no reasoning", { task: "t", answer: "42" }, "has no reasoning: looked for reasoning, thinking"],
    [
      "a bad handbook",
      { task: "t", reasoning: "r", handbook: "No Slug" },
      "its handbook is no handbook name",
    ],
    [
      "a long task",
      { task: "x".repeat(100_001), reasoning: "r" },
      "its task has 100001 characters, 100000 are",
    ],
    [
      "3 MB of reasoning",
      { task: "t", reasoning: "x".repeat(3 * 1024 * 1024) },
      "its reasoning has 3145728 characters, 2097152 are the limit",
    ],
    ["a long answer", { task: "t", reasoning: "r", answer: "x".repeat(200_001) }, "its answer has 200001"],
    ["a long model name", { task: "t", reasoning: "r", model: "x".repeat(201) }, "its model has 201"],
  ])("%s", async (_, row, expected) => {
    expect(await reason(row)).toContain(expected);
  });
});

test("one object is one row", async () => {
  const read = await all(readRows(rowsOfValue({ task: "t", reasoning: "r" }), "auto"));
  expect(read).toMatchObject([{ place: "row 1", trace: { task: "t" } }]);
});

test("a document that breaks off says where, and quotes nothing of it", () => {
  expect(() => parseDocument("f.json", '[{"task": "secret words"')).toThrow(
    /^f\.json is not valid JSON at character \d+$/,
  );
});

describe("a row without an attempt is a problem, with its right answer", () => {
  test.each([
    [
      { problem: "2+2?", answer: 4, handbook: "math" },
      { task: "2+2?", answer: "4", handbook: "math" },
    ],
    [
      { question: "Which?", choices: ["a", "b"], answer: 1 },
      { task: "Which?", answer: "B", choices: ["a", "b"] },
    ],
    [{ problem: "2+2?", answer: "5", correct: false }, { task: "2+2?" }],
    [{ problem: "2+2?", answer: "5", model: "m" }, { task: "2+2?" }],
  ])("%j", async (row, problem) => {
    const read = readTraceRow("line 1", row);
    expect("problem" in read && read.problem).toEqual(problem);
  });
});
