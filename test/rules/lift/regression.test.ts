import { expect, test } from "vitest";
import { expected, features, learn, startRegression } from "../../../src/rules/lift/regression.ts";
import { seeded } from "../episodes.ts";

const covariates = { task_tokens: 400, behaviors: 3, best_fit: 0.5, similar: 2 };

test("a line through the covariates and the arm is found, and the arms share its slope", () => {
  const [regression, next] = [startRegression(), seeded(3)];
  const truth = (tokens: number, isServed: boolean) => 2 + 0.5 * Math.log1p(tokens) - (isServed ? 0.3 : 0);
  for (let i = 0; i < 4000; i++) {
    const task_tokens = Math.floor(50 + 2000 * next());
    const isServed = next() < 0.9;
    learn(
      regression,
      features({ ...covariates, task_tokens }),
      isServed,
      truth(task_tokens, isServed) + next() - 0.5,
    );
  }
  for (const isServed of [true, false])
    expect(expected(regression, features({ ...covariates, task_tokens: 1000 }), isServed)).toBeCloseTo(
      truth(1000, isServed),
      1,
    );
});

test("before anything is known of the control arm, it is expected to be as the served one", () => {
  const regression = startRegression();
  for (let i = 0; i < 50; i++) learn(regression, features(covariates), true, 8);
  const x = features(covariates);
  expect(Math.abs(expected(regression, x, true) - expected(regression, x, false))).toBeLessThan(0.01);
});

test("what is missing has a mark of its own and is no number", () => {
  const missing = features(covariates);
  const there = features({ ...covariates, similar_tokens: Math.exp(8), similar_success: 0.5 });
  expect(missing).not.toEqual(there);
  for (const x of [missing, features({ ...covariates, task_tokens: 0, similar: 0, similar_tokens: 0 })])
    expect(x.every(Number.isFinite)).toBe(true);
});
