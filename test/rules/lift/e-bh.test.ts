import { expect, test } from "vitest";
import { rejected } from "../../../src/rules/lift/e-bh.ts";

test("the k largest are rejected for the largest k whose k-th is K/(kα)", () => {
  // K = 4, α = 0.05: the limits are 80, 40, 26.7 and 20. The third (27) passes and takes the second (39) along, which alone
  // would not have passed; the fourth (19) fails.
  expect(rejected([19, 100, 27, 39], 0.05)).toEqual([false, true, true, true]);
});

test("evidence that is enough for one alone is not enough among many", () => {
  expect(rejected([25], 0.05)).toEqual([true]);
  expect(rejected([25, 1, 1, 1], 0.05)).toEqual([false, false, false, false]);
  expect(rejected([], 0.05)).toEqual([]);
});
