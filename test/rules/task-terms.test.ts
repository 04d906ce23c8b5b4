import { expect, test } from "vitest";
import { wordWeight } from "../../src/rules/common-words.ts";
import { taskTerms } from "../../src/rules/task-terms.ts";

const LOG = "2026-03-14T09:12:46Z ERROR worker-3 failed\n/srv/report/format.js:88:21 formatRow";

test("common words weigh less than rare ones, and unknown ones most", () => {
  expect(wordWeight("need")).toBeLessThan(wordWeight("budget"));
  expect(wordWeight("zygomorph")).toBe(1);
  expect(wordWeight("new")).toBeGreaterThan(0);
});

test("a term counts once, with the weight of its word", () => {
  const { terms, pairs } = taskTerms("Which eigenvalues? The eigenvalues, please, and the eigenvectors.");
  expect([...terms.keys()]).toEqual(["eigenvalu", "eigenvector"]);
  expect(terms.get("eigenvalu")).toBe(wordWeight("eigenvalu"));
  expect([...pairs]).toEqual([
    ["eigenvalu eigenvalu", 1],
    ["eigenvalu eigenvector", 1],
  ]);
});

test("a pasted log counts for a fifth beside the sentence that it belongs to, before or after it", () => {
  for (const task of [`Why is my tariff wrong?\n${LOG}`, `${LOG}\nWhy is my tariff wrong?`]) {
    const { terms, pairs } = taskTerms(task);
    expect(terms.get("tariff")).toBe(wordWeight("tariff"));
    expect(terms.get("srv")).toBeCloseTo(0.2 * wordWeight("srv"));
    expect(pairs.get("tariff wrong")).toBe(1);
    expect(pairs.get("srv report")).toBeCloseTo(0.2);
  }
});

test("what stands both in a log and in the sentence counts in full", () => {
  expect(taskTerms(`Why does the worker stop?\n${LOG}`).terms.get("worker")).toBe(wordWeight("worker"));
});

test("a task that is nothing but a log or a formula counts in full", () => {
  expect(taskTerms(LOG).terms.get("srv")).toBe(wordWeight("srv"));
  expect(taskTerms("foo(qux)").terms.get("qux")).toBe(wordWeight("qux"));
});

test("a line in another language counts in full beside English", () => {
  expect(taskTerms("This is the task:\nРешите уравнение").terms.get("уравнение")).toBe(1);
});

test("an empty task has nothing to search for", () => {
  expect(taskTerms("").terms.size).toBe(0);
  expect(taskTerms("\n\n").pairs.size).toBe(0);
});
