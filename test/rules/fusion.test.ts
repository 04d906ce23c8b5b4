import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Hit, Neighbor } from "../../src/ports.ts";
import { fuse } from "../../src/rules/fusion.ts";

const hit = (name: string, score: number, fit = Math.min(1, score / 10)): Hit => ({
  handbook: "h",
  name,
  score,
  fit,
});
const near = (name: string, similarity: number, solved?: number): Neighbor => ({
  handbook: "h",
  name,
  similarity,
  ...(solved !== undefined && { solved }),
});
const order = (hits: readonly Hit[], neighbors: readonly Neighbor[]) =>
  fuse(hits, neighbors).map(({ name }) => name);

describe("what one source alone sees is not punished", () => {
  test("a behavior of another wording comes before a weak match of words", () => {
    expect(
      order(
        [hit("words", 10), hit("weak", 2)],
        [near("words", 0.7), near("meaning", 0.8), near("weak", 0.3)],
      ),
    ).toEqual(["words", "meaning", "weak"]);
  });

  test("what only the words found keeps its place when the meanings are all alike", () => {
    const hits = [hit("a", 9), hit("b", 5), hit("c", 1)];
    expect(
      order(
        hits,
        hits.map(({ name }) => near(name, 0.4)),
      ),
    ).toEqual(["a", "b", "c"]);
  });

  test("nothing found by words leaves the order of the meanings", () => {
    expect(order([], [near("a", 0.6), near("b", 0.9)])).toEqual(["b", "a"]);
  });
});

test("a solved task that is near raises a behavior, by half of what it is nearer", () => {
  expect(order([], [near("text", 0.7), near("solved", 0.6, 0.9)])).toEqual(["solved", "text"]);
  expect(order([], [near("text", 0.7), near("solved", 0.6, 0.75)])).toEqual(["text", "solved"]);
  expect(fuse([], [near("far", 0.6, 0.1)])).toEqual(fuse([], [near("far", 0.6)]));
});

test("a meaning that says nothing gives no fit, and a near one gives more than the words alone", () => {
  expect(fuse([hit("a", 1, 0.2)], [near("a", 0.3)])[0]?.fit).toBe(0.2);
  expect(fuse([], [near("a", 0.4)])[0]?.fit).toBeLessThan(0.02);
  expect(fuse([hit("a", 1, 0.02)], [near("a", 0.8)])[0]?.fit).toBeGreaterThan(0.8);
});

test("each behavior stands in it once, and the order of what comes in does not matter", () => {
  const name = fc.constantFrom("a", "b", "c", "d", "e");
  const hits = fc.uniqueArray(fc.record({ name, score: fc.double({ min: 0.01, max: 30, noNaN: true }) }), {
    selector: (one) => one.name,
  });
  const neighbors = fc.uniqueArray(
    fc.record({ name, similarity: fc.double({ min: -1, max: 1, noNaN: true }) }),
    { selector: (one) => one.name },
  );
  fc.assert(
    fc.property(hits, neighbors, (h, n) => {
      const found = h.map((one) => hit(one.name, one.score));
      const close = n.map((one) => near(one.name, one.similarity));
      const fused = fuse(found, close);
      expect(new Set(fused.map((one) => one.name)).size).toBe(fused.length);
      expect(fused).toHaveLength(new Set([...h, ...n].map((one) => one.name)).size);
      expect(fuse(found.toReversed(), close.toReversed())).toEqual(fused);
      for (const { fit } of fused) expect(fit >= 0 && fit <= 1).toBe(true);
    }),
  );
});
