import fc from "fast-check";
import { expect, test } from "vitest";
import { cutMiddle } from "../../src/model/text.ts";
import { shareBudget } from "../../src/rules/excerpt.ts";

test("a text that fits stays as it is", () => {
  expect(cutMiddle("short", 5)).toBe("short");
});

test("a long text keeps its beginning and its end and says how much is gone", () => {
  const text = `plan ${"middle ".repeat(1000)}result`;
  const cut = cutMiddle(text, 200);
  expect(cut).toMatch(/^plan middle/);
  expect(cut).toMatch(/result$/);
  const left = Number(/\[\.\.\. ([\d,]+) characters left out/.exec(cut)?.[1]?.replaceAll(",", ""));
  expect(cut.replace(/\n\[.*\]\n/, "").length + left).toBe(text.length);
});

test("no cut tears a surrogate pair apart", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 20 }), fc.nat(40), (text, keep) => {
      expect(cutMiddle(text, keep).isWellFormed()).toBe(true);
    }),
  );
});

test("what a short text does not need goes to the longer ones", () => {
  expect(shareBudget([10, 1000, 1000], 1010)).toEqual([10, 500, 500]);
  expect(shareBudget([5, 5], 100)).toEqual([5, 5]);
  expect(shareBudget([], 100)).toEqual([]);
});

test("a budget is never exceeded, no text gets more than it has, and nothing is left while a text wants more", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10_000), { minLength: 1 }), fc.nat(20_000), (lengths, budget) => {
      const shares = shareBudget(lengths, budget);
      const used = shares.reduce((a, b) => a + b, 0);
      expect(used).toBeLessThanOrEqual(budget);
      shares.forEach((share, i) => {
        expect(share).toBeLessThanOrEqual(lengths[i] ?? 0);
        expect(share).toBeGreaterThanOrEqual(0);
      });
      const wanted = lengths.reduce((a, b) => a + b, 0);
      expect(budget - used).toBeLessThanOrEqual(Math.max(lengths.length, budget - wanted));
    }),
  );
});
