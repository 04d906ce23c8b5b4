import { expect, test } from "vitest";
import { bootstrap } from "../../src/rules/bootstrap.ts";
import { random } from "../../src/rules/random.ts";

test("an interval of equal differences is that difference, the same at each call", () => {
  expect(bootstrap([0.2, 0.2, 0.2])).toEqual({
    mean: expect.closeTo(0.2),
    low: expect.closeTo(0.2),
    high: expect.closeTo(0.2),
  });
  const coins = Array.from({ length: 400 }, (_, i) => i % 2);
  const { mean, low, high } = bootstrap(coins);
  expect(mean).toBe(0.5);
  // The standard error is 0.5 / 20, and the sample is large: the interval is near ± 1.96 of it.
  expect(low).toBeCloseTo(0.451, 2);
  expect(high).toBeCloseTo(0.549, 2);
  expect(bootstrap(coins)).toEqual({ mean, low, high });
});

test("a ratio of sums is drawn by units", () => {
  const { mean, low, high } = bootstrap([1, 2, 3, 4], [2, 4, 6, 8]);
  expect([mean, low, high]).toEqual([0.5, 0.5, 0.5]);
  const tokens = Array.from({ length: 100 }, (_, i) => 100 + i);
  const halves = bootstrap(
    tokens.map((n, i) => n * (i % 2 === 0 ? 0.4 : 0.6)),
    tokens,
  );
  expect(halves.mean).toBeCloseTo(0.5, 2);
  // Each unit is 0.1 off the ratio: a standard error of about 0.1 / 10.
  expect(halves.high - halves.low).toBeCloseTo(4 * 0.01, 2);
});

test("95 % intervals of 60 problems with four seeds each hold the truth in more than 90 % of worlds", () => {
  const next = random(3);
  const worlds = 300;
  let held = 0;
  for (let world = 0; world < worlds; world++) {
    const differences = Array.from({ length: 60 }, () => {
      const base = next();
      const better = Math.min(1, base + 0.1 * (base < 0.9 ? 1 : 0)); // 0.09 on average
      const right = (p: number) => [1, 2, 3, 4].filter(() => next() < p).length / 4;
      return right(better) - right(base);
    });
    const { low, high } = bootstrap(differences);
    if (low <= 0.09 && 0.09 <= high) held++;
  }
  expect(held / worlds).toBeGreaterThan(0.9);
});
