import { expect, test } from "vitest";
import { priorOf, shrunk } from "../../../src/rules/lift/shrinkage.ts";

test("mean and τ² are DerSimonian and Laird's", () => {
  // Weights 4 and 1: mean (4·0 + 1·1)/5 = 0.2; Q = 4·0.04 + 0.64 = 0.8 < 1 degree of freedom, so τ² = 0.
  expect(
    priorOf([
      { estimate: 0, variance: 0.25 },
      { estimate: 1, variance: 1 },
    ]),
  ).toEqual({ mean: 0.2, variance: 0 });
  // Weights 10 each: Q = 10·(4 + 0 + 4) = 80, so τ² = (80 - 2)/(30 - 300/30) = 3.9.
  const spread = priorOf([-2, 0, 2].map((estimate) => ({ estimate, variance: 0.1 })));
  expect(spread.variance).toBeCloseTo(3.9, 10);
});

test("noise is drawn to the mean, knowledge stays, nothing known is the mean", () => {
  const prior = { mean: -0.1, variance: 0.04 };
  expect(shrunk({ estimate: -0.9, variance: 1e9 }, prior)).toBeCloseTo(-0.1, 6);
  expect(shrunk({ estimate: -0.9, variance: 1e-9 }, prior)).toBeCloseTo(-0.9, 6);
  expect(shrunk({ estimate: -0.9, variance: 0.04 }, prior)).toBeCloseTo(-0.5, 12);
  expect(shrunk(undefined, prior)).toBe(-0.1);
  expect(shrunk({ estimate: -0.9, variance: 1 }, { mean: -0.1, variance: 0 })).toBe(-0.1);
  expect(priorOf([])).toEqual({ mean: 0, variance: 0 });
});
