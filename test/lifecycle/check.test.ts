import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { answerCommand } from "../../src/adapters/answer-command.ts";
import { computeEngineMathematics } from "../../src/adapters/compute-engine-mathematics.ts";
import { checkAnswer } from "../../src/lifecycle/check.ts";
import type { Problem } from "../../src/model/problem.ts";

const mathematics = computeEngineMathematics();
afterAll(() => mathematics.close());

const problem = (answer: string, rest: Partial<Problem> = {}): Problem => ({
  id: "p",
  task: "?",
  answer,
  ...rest,
});
const check = (answer: string, text: string, isCut = false) =>
  checkAnswer({ mathematics }, "auto", problem(answer), { text, isCut });

test("an answer is found and compared by what it means", async () => {
  expect(await check("2\\sqrt{2}", "… so \\boxed{\\sqrt{8}}.")).toEqual({
    isRight: true,
    answer: "\\sqrt{8}",
  });
  expect(await check("Paris", "It lies on the Seine.\nThe answer is Paris.")).toEqual({
    isRight: true,
    answer: "Paris",
  });
  expect(await check("7", "6 + 1 = 8")).toEqual({ isRight: false, answer: "8" });
  const capital = problem("1", { choices: ["Rome", "Paris"], answer: "B" });
  const text = "The answer is Paris.";
  expect(await checkAnswer({ mathematics }, "auto", capital, { text, isCut: false })).toMatchObject({
    isRight: true,
  });
});

test("a text that was cut off before its answer is wrong, whatever numbers it holds", async () => {
  expect(await check("7", "Let us see: 3 + 4 = 7", true)).toEqual({ isRight: false });
  expect(await check("7", "", true)).toEqual({ isRight: false });
});

test("of formulas that nobody can compare no more are looked at than it takes", async () => {
  let asked = 0;
  const slow = { areEqual: async () => void asked++, close: async () => {} };
  const set = (name: string) =>
    `\\{${Array.from({ length: 30 }, (_, i) => `\\sqrt{${name}+${i}}`).join(", ")}\\}`;
  const text = `\\boxed{${set("x")}}`;
  expect(
    await checkAnswer({ mathematics: slow }, "math", problem(set("y")), { text, isCut: false }),
  ).toMatchObject({
    isRight: false,
  });
  expect(asked).toBe(30);
});

describe("a command of one's own", () => {
  const judged = (command: string, limitMs = 10_000) =>
    checkAnswer({ mathematics, command: answerCommand(command, { limitMs }) }, "command", problem("7"), {
      text: "I say \\boxed{7}.",
      isCut: false,
    });
  const script = `const {problem, answer, text} = JSON.parse(require("fs").readFileSync(0)); process.exit(problem.answer === answer && text.startsWith("I say") ? 0 : 1)`;

  test("gets problem, text and answer, and its exit code is the judgement", async () => {
    expect(await judged(`node -e '${script}'`)).toEqual({ isRight: true, answer: "7" });
    expect(await judged("exit 1")).toEqual({ isRight: false, answer: "7" });
  });

  test("that fails, or never ends, has not judged", async () => {
    await expect(judged("exit 3")).rejects.toMatchObject({
      code: "CHECK_FAILED",
      message: expect.stringMatching("ended with 3"),
    });
    await expect(judged("sleep 60 | cat", 200)).rejects.toMatchObject({
      message: expect.stringMatching("longer than 0.2 s"),
    });
  });

  test("that leaves a child behind has judged all the same", async () => {
    expect(await judged("sleep 60 & exit 0", 5000)).toMatchObject({ isRight: true });
    expect(await judged("setsid sleep 2 & exit 1", 5000)).toMatchObject({ isRight: false });
  });
});

const data = process.env.HANDBOOK_BENCH_DATA ?? "";
const rows = (path: string) => {
  const bytes = readFileSync(join(data, path));
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString().trim();
  return text.split("\n").map((line) => JSON.parse(line));
};

describe.skipIf(!existsSync(join(data, "questions/math500")))("of public sets (HANDBOOK_BENCH_DATA)", () => {
  test("each answer of MATH-500 and AIME is itself, also in usual other writings, and the one of its worked solution", async () => {
    const wrong: string[] = [];
    const unsolved: string[] = [];
    for (const { answer, solution } of [
      ...rows("questions/math500/math500.jsonl"),
      ...rows("questions/aime/aime_1983_2025.jsonl"),
    ]) {
      const writings = [
        `\\boxed{${answer}}`,
        `\\boxed{$ ${answer} $.}`,
        `\\boxed{${answer.replaceAll("\\frac", "\\dfrac").replaceAll("\\left", "").replaceAll("\\right", "")}}`,
        `\\boxed{${answer.replace(/(?<!\d)\\frac\{(\d+)\}\{(\d+)\}/g, "$1/$2")}}`,
        `The final answer is $${answer.replace(/\^(\d)/g, "^{$1}")}$.`,
      ];
      for (const text of writings)
        if (!(await check(answer, text)).isRight) wrong.push(`${answer} <> ${text}`);
      if (/\\boxed/.test(solution ?? "") && !(await check(answer, solution)).isRight) unsolved.push(answer);
    }
    expect({ wrong, unsolved }).toEqual({ wrong: [], unsolved: [] });
  });

  test("answers of different problems of MATH-500 are equal only where they are", async () => {
    const answers: string[] = [
      ...new Set(rows("questions/math500/math500.jsonl").map(({ answer }) => answer)),
    ];
    const same: string[] = [];
    // Every fourth of them with all that come later: what there is to confuse comes in each quarter.
    for (const [i, gold] of answers.entries())
      for (const other of i % 4 === 0 ? answers.slice(i + 1) : [])
        if (
          (
            await checkAnswer({ mathematics }, "math", problem(gold), {
              text: `\\boxed{${other}}`,
              isCut: false,
            })
          ).isRight
        )
          same.push(`${gold}  =  ${other}`);
    // An order that says nothing, and units and bases left out.
    expect(same).toEqual([
      "1,-2  =  -2,1",
      "40_9  =  40",
      "30^\\circ  =  30",
      "15  =  15\\mbox{ cm}^2",
      "36^\\circ  =  \\$36",
    ]);
  }, 120_000);

  test("of gemma-4's answers to MATH-500 the same ones are right as its own graders found", async () => {
    const answered = rows("traces/gemma4_math500/traces.jsonl.gz").filter(
      ({ predicted }) => predicted !== null,
    );
    const other: string[] = [];
    for (const { gold, predicted, correct } of answered)
      if ((await check(gold, `\\boxed{${predicted}}`)).isRight !== correct)
        other.push(`${gold} <> ${predicted}`);
    expect([answered.length, other]).toEqual([496, []]);
  });
});
