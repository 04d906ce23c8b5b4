import { expect, test } from "vitest";
import type { Arm, Attempted, Missing } from "../../../src/model/evaluation.ts";
import { costOf, summarize } from "../../../src/rules/evaluation/summary.ts";

const PRICES = { output: 10, input: 2, cached: 1 };

function attempted(arm: Arm, problem: string, seed: number, is_right: boolean, output = 100): Attempted {
  const last = { input: 50, cached: 0, output };
  return {
    ...{ arm, problem, seed, budget: 1000, is_right, is_cut: false, text: "", behaviors: [] },
    ...{ last, all: last, tokens_counted_by: "endpoint" },
  };
}
const missing = (arm: Arm, problem: string, seed: number): Missing => ({
  ...{ arm, problem, seed, budget: 1000 },
  failure: { code: "LLM_UNAVAILABLE", message: "it failed" },
});
const of = (rows: (Attempted | Missing)[], ...arms: Arm[]) =>
  summarize(rows, { arms, budgets: [1000] }, PRICES);

test("each problem counts once, however many of its seeds there are", () => {
  const [plain] = of(
    [
      attempted("plain", "a", 1, true),
      attempted("plain", "a", 2, true),
      attempted("plain", "a", 3, true),
      attempted("plain", "b", 1, false, 300),
    ],
    "plain",
  );
  expect(plain).toMatchObject({ problems: 2, answers: 4, accuracy: { mean: 0.5 }, output_tokens: 200 });
});

test("what is missing counts nowhere, and a comparison takes only what both arms answered", () => {
  const [plain, behaviors] = of(
    [
      attempted("plain", "a", 1, false),
      attempted("plain", "a", 2, true),
      attempted("plain", "b", 1, true),
      missing("behaviors", "a", 2),
      attempted("behaviors", "a", 1, true, 50),
      missing("behaviors", "b", 1),
    ],
    "plain",
    "behaviors",
  );
  expect(plain).toMatchObject({ missing: 0, accuracy: { mean: 0.75 }, against: [] });
  expect(behaviors).toMatchObject({ problems: 1, answers: 1, missing: 2, accuracy: { mean: 1 } });
  expect(behaviors?.against).toMatchObject([
    {
      arm: "plain",
      problems: 1,
      accuracy: { mean: 1 },
      output_ratio: { mean: 0.5 },
      saved: { mean: expect.closeTo(0.0005, 10) },
    },
  ]);
});

test("an arm that answered nothing has no figures and no comparison", () => {
  const [, behaviors] = of(
    [attempted("plain", "a", 1, true), missing("behaviors", "a", 1)],
    "plain",
    "behaviors",
  );
  expect(behaviors).toEqual({
    arm: "behaviors",
    budget: 1000,
    problems: 0,
    answers: 0,
    missing: 1,
    against: [],
  });
});

test("input from the endpoint's cache has its own price", () => {
  expect(costOf({ all: { input: 1000, cached: 400, output: 100 } }, PRICES)).toBeCloseTo(
    (600 * 2 + 400 * 1 + 100 * 10) / 1e6,
    12,
  );
});
