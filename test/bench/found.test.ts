import { expect, test } from "vitest";
import { areaUnderRoc, meanScores, scoresOf } from "../../bench/found.ts";

const labels = (...ids: string[]) => new Map(ids.map((id) => [id, 1]));

test("a list is scored as by hand", () => {
  expect(scoresOf(["a", "b"], labels("a"))).toEqual({ ndcg10: 1, recall10: 1, hit1: 1, mrr: 1 });
  expect(scoresOf(["x", "y", "a"], labels("a"))).toEqual({ ndcg10: 0.5, recall10: 1, hit1: 0, mrr: 1 / 3 });
  // 1 / log2(3) of the 1 + 1 / log2(3) that two relevant documents could give.
  const { ndcg10, ...rest } = scoresOf(["x", "b"], labels("a", "b"));
  expect(ndcg10).toBeCloseTo(0.38685, 5);
  expect(rest).toEqual({ recall10: 0.5, hit1: 0, mrr: 0.5 });
  expect(scoresOf([], labels("a"))).toEqual({ ndcg10: 0, recall10: 0, hit1: 0, mrr: 0 });
});

test("what comes after the tenth does not count", () => {
  const ten = Array.from({ length: 10 }, (_, i) => `x${i}`);
  expect(scoresOf([...ten, "a"], labels("a"))).toEqual({ ndcg10: 0, recall10: 0, hit1: 0, mrr: 0 });
});

test("higher relevance first is the best order", () => {
  const graded = new Map([
    ["a", 3],
    ["b", 1],
  ]);
  expect(scoresOf(["a", "b"], graded).ndcg10).toBe(1);
  // (1 + 3 / log2(3)) / (3 + 1 / log2(3))
  expect(scoresOf(["b", "a"], graded).ndcg10).toBeCloseTo(0.79671, 5);
});

test("means are taken over queries", () => {
  const scores = [scoresOf(["a"], labels("a")), scoresOf(["x"], labels("a"))];
  expect(meanScores(scores)).toEqual({ ndcg10: 0.5, recall10: 0.5, hit1: 0.5, mrr: 0.5 });
});

test("the area under the ROC curve counts pairs, ties by half", () => {
  expect(areaUnderRoc([2, 3], [1, 1])).toBe(1);
  expect(areaUnderRoc([1], [1])).toBe(0.5);
  expect(areaUnderRoc([1, 3], [2])).toBe(0.5);
});
