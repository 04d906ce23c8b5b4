import { expect, test } from "vitest";
import {
  add,
  eValue,
  halfWidth,
  intervalOf,
  moreUntil,
  settleRho2,
  startSequence,
  tunedRho2,
  variance,
} from "../../../src/rules/lift/confidence-sequence.ts";
import { gaussian, seeded } from "../episodes.ts";

test("half the width is the paper's", () => {
  // By hand: t = 100, σ̂² = 4, ρ² = 0.01, α = 0.05: v = 100·0.01·4 + 1 = 5; 2·5/(100²·0.01) = 0.1;
  // ln(√5/0.05) = ln 44.7214 = 3.800451; √0.3800451 = 0.616478.
  expect(halfWidth(100, 4, 0.01, 0.05)).toBeCloseTo(0.616478, 5);
});

test("ρ² makes the interval narrowest at its time", () => {
  const rho2 = tunedRho2(0.05, 1000);
  // -W₋₁(-0.05²/e) - 1 = 8.2120 for α = 0.05
  expect(rho2 * 1000).toBeCloseTo(Math.log(rho2 * 1000 + 1) - 2 * Math.log(0.05), 10);
  const width = (at: number) => halfWidth(1000, 1, at, 0.05);
  expect(width(rho2)).toBeLessThan(width(rho2 * 1.05));
  expect(width(rho2)).toBeLessThan(width(rho2 / 1.05));
});

test("moments are those of the values", () => {
  const sequence = startSequence();
  for (const value of [2, 4, 4, 4, 5, 5, 7, 9]) add(sequence, value);
  expect([sequence.mean, variance(sequence)]).toEqual([5, 4]);
});

test("a bounded outcome that was always the same leaves room for the one that was not seen", () => {
  const sequence = startSequence();
  for (let i = 0; i < 100; i++) add(sequence, 0, 10);
  expect(variance(sequence)).toBe(1);
});

test("no interval and no evidence before the burn-in is over", () => {
  const sequence = startSequence();
  for (let i = 0; i < 100; i++) add(sequence, 5 + (i % 2));
  expect(intervalOf(sequence, 0.05)).toBeUndefined();
  expect(eValue(sequence, 1)).toBe(1);
  settleRho2(sequence, 0.05);
  const before = sequence.rho2;
  add(sequence, 1000);
  settleRho2(sequence, 0.05);
  expect(sequence.rho2).toBe(before);
});

test("under no effect the interval excludes it, and an e-value passes 20, at any of 2,000 looks, in few of 400 runs", () => {
  const next = seeded(11);
  let [excluded, passed] = [0, 0];
  for (let run = 0; run < 400; run++) {
    const sequence = startSequence();
    let [isExcluded, isPassed] = [false, false];
    for (let t = 1; t <= 2000; t++) {
      add(sequence, gaussian(next));
      if (t === 100) settleRho2(sequence, 0.05);
      if (t < 100 || t % 10 !== 0) continue;
      const { low = 0, high = 0 } = intervalOf(sequence, 0.05) ?? {};
      isExcluded ||= low > 0 || high < 0;
      isPassed ||= eValue(sequence, 1) >= 20;
    }
    if (isExcluded) excluded += 1;
    if (isPassed) passed += 1;
  }
  expect(excluded).toBeLessThan(28); // 5 % are 20; the horizon is finite, so fewer are expected
  expect(passed).toBeLessThan(28);
});

test("e-values point in the direction of the effect, and stay numbers when it is overwhelming", () => {
  const sequence = startSequence();
  for (let i = 0; i < 2000; i++) add(sequence, 10 + (i % 2));
  settleRho2(sequence, 0.05);
  expect(eValue(sequence, 1)).toBe(Number.MAX_VALUE);
  expect(eValue(sequence, -1)).toBeGreaterThanOrEqual(0);
  expect(eValue(sequence, -1)).toBeLessThan(0.05);
});

test("both e-values average to the two-sided mixture's", () => {
  const sequence = startSequence();
  for (let i = 0; i < 500; i++) add(sequence, Math.sin(i) + 0.05);
  settleRho2(sequence, 0.05);
  const { n, mean, rho2 = 0 } = sequence;
  const v = rho2 * n * variance(sequence) + 1;
  const twoSided = Math.exp((rho2 * (n * mean) ** 2) / (2 * v)) / Math.sqrt(v);
  expect((eValue(sequence, 1) + eValue(sequence, -1)) / 2).toBeCloseTo(twoSided, 6);
});

test("what more is needed narrows the interval to the target, and one less does not", () => {
  const sequence = startSequence();
  for (let i = 0; i < 200; i++) add(sequence, i % 2 === 0 ? 1 : -1);
  settleRho2(sequence, 0.05);
  const more = moreUntil(sequence, 0.1, 0.05) ?? 0;
  const width = (n: number) => halfWidth(n, variance(sequence), sequence.rho2 ?? 0, 0.05);
  expect(width(200 + more)).toBeLessThanOrEqual(0.1);
  expect(width(200 + more - 1)).toBeGreaterThan(0.1);
  expect(moreUntil(sequence, 10, 0.05)).toBe(0);
  expect(moreUntil(sequence, 1e-6, 0.05)).toBeUndefined();
});
