import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { rewordings } from "../../../bench/rewordings.ts";
import { readTestSet } from "../../../src/adapters/readers/problems-reader.ts";
import { leakFinder } from "../../../src/rules/training/leakage.ts";
import { plainTokens } from "../../../src/rules/training/plain-problem.ts";

const TESTS = [
  "Let $g(x) = \\frac{5x+1}{x-4}$. What is the value of $g(2) + g(7)$? Express your answer as a common fraction.",
  "A baker sells $24$ loaves in the morning and three times as many in the afternoon. How many loaves does the baker sell in all?",
  "How many positive divisors does $360$ have?",
  "The sum of the first $N$ positive even numbers is $132$. What is $N$?",
  "A right triangle has legs of length $9$ and $40$. Find the length of its hypotenuse.",
  "In how many ways can 6 people stand in a row if Ann and Bob must not be neighbors?",
];
const find = leakFinder(TESTS);

test.each([
  [0, "Let g(x) = (5x + 1)/(x − 4). Determine g(2) + g(7), as a common fraction."],
  [
    1,
    "In the morning a baker sells twenty-four loaves; in the afternoon, 3 times as many. How many loaves is that in all?",
  ],
  [2, "360: count its positive divisors."],
  [3, "The first N positive even numbers add up to 132. Find N."],
  [4, "Find the hypotenuse of a right triangle whose legs have lengths 9 and 40."],
  [5, "Six people stand in a row. Ann and Bob must not be neighbors. How many ways are there?"],
])("problem %i is found when it is told so: %s", (problem, text) => {
  expect(find(text)).toMatchObject({ problem });
});

test("a problem is found inside a prompt, and inside a long text", () => {
  const long =
    "The report of the quarter says nothing about mathematics, and much about the weather. ".repeat(60);
  for (const [problem, text] of TESTS.entries()) {
    expect(find(`Solve this. Put the final answer in \\boxed{}.\n\n${text}`)).toEqual({ problem, score: 1 });
    expect(find(`${long}${text} ${long}`)).toMatchObject({ problem });
  }
});

test.each([
  "Let $g(x) = \\frac{5x+1}{x-4}$. What is the value of $g(3) + g(9)$? Express your answer as a common fraction.",
  "A baker sells $30$ loaves in the morning and five times as many in the afternoon. How many loaves does the baker sell in all?",
  "How many positive divisors does $84$ have?",
  "A right triangle has legs of length $5$ and $12$. Find the length of its hypotenuse.",
  "What is the capital of France?",
  "",
])("another problem of the same pattern is another problem: %s", (text) => {
  expect(find(text)).toBeUndefined();
});

test("numbers are one notation: LaTeX, thousands, words", () => {
  expect(plainTokens("$\\frac{3}{4}$ of $12{,}000$")).toEqual(plainTokens("3/4 of 12,000"));
  expect(plainTokens("twenty-one apples")).toEqual(plainTokens("21 apples"));
  expect(plainTokens("$2\\pi$")).toEqual(plainTokens("2π"));
});

test("an empty test set, and one of empty problems, finds nothing", () => {
  expect(leakFinder([])("How many?")).toBeUndefined();
  expect(leakFinder(["", "$$"])("How many?")).toBeUndefined();
  expect(
    leakFinder(["How far?"])("How far is it from here to there, and how long does it take?"),
  ).toBeUndefined();
});

const DATA = process.env.HANDBOOK_BENCH_DATA ?? "";
const MATH = join(DATA, "questions/math500/math500.jsonl");
describe.skipIf(!DATA || !existsSync(MATH))("on real sets (needs HANDBOOK_BENCH_DATA)", () => {
  test("MATH-500 is found in its own words always, lightly reworded nearly always, and seldom seen in AIME", async () => {
    const problems = (await readTestSet(MATH)).map(({ task }) => task);
    const findReal = leakFinder(problems);
    for (const [kind, reword] of Object.entries(rewordings(7))) {
      const found = problems.filter((text, i) => findReal(reword(text))?.problem === i).length;
      expect(found, kind).toBeGreaterThanOrEqual(kind === "verbatim" ? 500 : 480);
    }
    const aime = await readTestSet(join(DATA, "questions/aime/aime_1983_2025.jsonl"));
    // Ten of AIME really are in MATH-500.
    expect(aime.filter(({ task }) => findReal(task) !== undefined).length).toBeLessThanOrEqual(20);
  });
});
