import fc from "fast-check";
import { expect, test } from "vitest";
import { bandsOf, estimate, hashOf, jaccard, mix, signature } from "../../../src/rules/recurrence/minhash.ts";

const set = (numbers: Iterable<number>) => Uint32Array.from(new Set(numbers), mix).sort();
/** Of two sets by themselves. */
const similarity = (a: Uint32Array, b: Uint32Array) =>
  jaccard(
    { values: Uint32Array.from([...a, ...b]), starts: Uint32Array.of(0, a.length, a.length + b.length) },
    0,
    1,
  );
const numbers = fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 60 });
/** Two sets with a part in common. */
const twoSets = fc
  .tuple(numbers, numbers, numbers)
  .map(([a, b, both]) => [set([...a, ...both]), set([...b, ...both])] as const);
const SEEDED = { seed: 20261121, numRuns: 500 };

test("the share of equal least hashes estimates the Jaccard similarity", () => {
  const errors: number[] = [];
  fc.assert(
    fc.property(twoSets, ([a, b]) => {
      const error = estimate(signature(a), signature(b)) - similarity(a, b);
      errors.push(error);
      expect(Math.abs(error)).toBeLessThan(0.25); // five standard errors at most
    }),
    SEEDED,
  );
  // No bias: the mean of 500 errors has a standard error of 0.002.
  expect(Math.abs(errors.reduce((sum, error) => sum + error, 0) / errors.length)).toBeLessThan(0.01);
});

test("a signature does not hang on the order or on repeats", () => {
  fc.assert(
    fc.property(numbers, (all) => {
      expect(signature([...all].reverse().concat(all))).toEqual(signature(all));
    }),
    SEEDED,
  );
});

test("sets of a similarity of 0.5 and more meet in a band, and far ones seldom do", () => {
  const met = { near: [0, 0], far: [0, 0] };
  const count = (which: [number, number] | number[], isMet: boolean) => {
    which[0] = (which[0] ?? 0) + Number(isMet);
    which[1] = (which[1] ?? 0) + 1;
  };
  fc.assert(
    fc.property(twoSets, ([a, b]) => {
      const [left, right] = [bandsOf(signature(a)), bandsOf(signature(b))];
      const share = similarity(a, b);
      const isMet = left.some((key, band) => key === right[band]);
      if (share >= 0.5) count(met.near, isMet);
      if (share <= 0.1) count(met.far, isMet);
    }),
    SEEDED,
  );
  const ratio = ([hits = 0, all = 0]: number[]) => hits / all;
  expect(met.near[1]).toBeGreaterThan(50);
  expect(ratio(met.near)).toBeGreaterThan(0.97);
  expect(met.far[1]).toBeGreaterThan(20);
  expect(ratio(met.far)).toBeLessThan(0.1);
});

test("the Jaccard similarity is shared by all", () => {
  expect(similarity(set([1, 2, 3]), set([2, 3, 4]))).toBe(0.5);
  expect(similarity(set([1]), set([2]))).toBe(0);
  expect(similarity(set([]), set([]))).toBe(0);
  fc.assert(
    fc.property(twoSets, ([a, b]) => {
      const [left, right] = [new Set(a), new Set(b)];
      expect(similarity(a, b)).toBeCloseTo(left.intersection(right).size / left.union(right).size, 12);
    }),
    SEEDED,
  );
});

test("terms have hashes of 32 bits that differ", () => {
  const hashes = Array.from({ length: 20_000 }, (_, i) => hashOf(`term ${i}`));
  expect(new Set(hashes).size).toBeGreaterThan(19_998);
  expect(hashes.every((hash) => Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32)).toBe(true);
});
