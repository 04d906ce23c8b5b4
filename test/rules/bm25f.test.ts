import { expect, test } from "vitest";
import { chanceGain, fit as fitOf, idf, termGain } from "../../src/rules/bm25f.ts";

const none = { name: 0, when: 0, body: 0, solved: 0 };
const lengths = { name: 3, when: 8, body: 40 };
const means = { name: 3, when: 8 };
const gain = (counts: Partial<typeof none>, changes: Partial<typeof lengths> = {}) =>
  termGain({ ...none, ...counts }, { ...lengths, ...changes }, means);

test("a rare term tells more than a common one, and even a term of all tells something", () => {
  expect(idf(100, 1)).toBeGreaterThan(idf(100, 50));
  expect(idf(100, 100)).toBeGreaterThan(0);
});

test("the gain of a term grows with every field and never passes three", () => {
  expect(gain({})).toBe(0);
  expect(gain({ name: 1 })).toBeGreaterThan(gain({ when: 1 }));
  expect(gain({ name: 1, solved: 1 })).toBeGreaterThan(gain({ name: 1 }));
  expect(gain({ name: 31, when: 127, body: 4095, solved: 10 })).toBeLessThan(3);
});

test("the body is a density: the same word says less in a longer text, but not more in a very short one", () => {
  expect(gain({ body: 1 }, { body: 600 })).toBeLessThan(gain({ body: 1 }, { body: 60 }));
  expect(gain({ body: 1 }, { body: 5 })).toBe(gain({ body: 1 }, { body: 60 }));
});

test("what a history matches by chance grows with it, and there is none without", () => {
  expect(chanceGain(0, 5)).toBe(0);
  expect(chanceGain(10, 5)).toBeGreaterThan(chanceGain(1, 5));
  expect(chanceGain(10, 0)).toBe(0);
});

test("a gain fits the more, the more of the task's strongest terms it answers to", () => {
  expect(fitOf(0, [4, 4])).toBe(0);
  expect(fitOf(5, [])).toBe(0);
  expect(fitOf(0.12 * 24, [4, 4])).toBeCloseTo(0.5);
  expect(fitOf(9, [4, 4, 4])).toBeGreaterThan(fitOf(3, [4, 4, 4]));
  expect(fitOf(9, [4, 4, 4, 4])).toBeLessThan(fitOf(9, [4, 4, 4]));
});

test("only the six strongest terms count for the fit, so that a pasted log does not push it under", () => {
  expect(fitOf(9, [4, 4, 4, 4, 4, 4, ...Array(200).fill(3)])).toBe(fitOf(9, [4, 4, 4, 4, 4, 4]));
});
