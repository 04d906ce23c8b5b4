import { expect, test } from "vitest";
import { predict, startNuisance, train } from "../../../src/rules/lift/nuisance.ts";
import { outcomesOf } from "../../../src/rules/lift/outcomes.ts";
import { features } from "../../../src/rules/lift/regression.ts";
import { episode, gaussian, seeded } from "../episodes.ts";

test("tokens are expected as a mean, which of skewed counts is above the exponential of their logarithm's", () => {
  const [nuisance, next] = [startNuisance(), seeded(2)];
  const x = features(episode().covariates);
  for (let i = 0; i < 5000; i++) {
    const outcomes = outcomesOf(episode({ tokens: Math.exp(7 + gaussian(next)) }));
    train(nuisance, x, true, outcomes, predict(nuisance, x));
  }
  const { token_ratio = [0, 0], tokens = [0, 0] } = predict(nuisance, x);
  expect(token_ratio[0]).toBeCloseTo(7, 1);
  expect(tokens[0] / Math.exp(7.5)).toBeCloseTo(1, 1);
});

test("nothing is predicted before the warm-up, and no probability outside of 0 and 1", () => {
  const nuisance = startNuisance();
  const easy = features({ ...episode().covariates, similar_success: 1 });
  const hard = features({ ...episode().covariates, similar_success: 0 });
  for (let i = 0; i < 200; i++) {
    if (i < 20) expect(predict(nuisance, easy).success).toBeUndefined();
    const succeeds = i % 2 === 0;
    const outcomes = outcomesOf(episode({ outcome: succeeds ? "success" : "failure", evidence: "self" }));
    train(nuisance, succeeds ? easy : hard, true, outcomes, {});
  }
  expect(predict(nuisance, easy).success?.[0]).toBeGreaterThan(0.9);
  const beyond = predict(
    nuisance,
    features({ ...episode().covariates, similar_success: 1, behaviors: 1000 }),
  );
  for (const probability of beyond.success ?? [-1]) expect(probability).toBeLessThanOrEqual(1);
  expect(predict(nuisance, easy).tested).toBeUndefined();
});
