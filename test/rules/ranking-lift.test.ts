import fc from "fast-check";
import { expect, test } from "vitest";
import { withLift, withProbationShare } from "../../src/rules/ranking-lift.ts";

test("no measured lift changes nothing; help raises, harm lowers, both within bounds", () => {
  expect(withLift(2, 0)).toBe(2);
  expect(withLift(1, -10)).toBe(1.4);
  expect(withLift(1, 10)).toBe(0.7);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 10, noNaN: true }), fc.double({ noNaN: true }), (score, shrunk) => {
      const lifted = withLift(score, shrunk);
      return lifted >= score * 0.7 && lifted <= score * 1.4;
    }),
  );
});

test("what fits twice as well is ranked first, whatever was measured", () => {
  expect(withLift(2.1, 10)).toBeGreaterThan(withLift(1, -10));
});

test("probation takes at most half of the places, unless there is nothing else", () => {
  const isOnProbation = (name: string) => name.startsWith("p");
  const list = (ranked: string[], limit: number) =>
    withProbationShare(ranked, isOnProbation, limit).join(" ");
  expect(list(["p1", "p2", "p3", "a1", "a2", "a3"], 4)).toBe("p1 p2 a1 a2");
  expect(list(["p1", "p2", "p3", "a1"], 4)).toBe("p1 p2 p3 a1");
  expect(list(["a1", "a2", "a3", "p1"], 3)).toBe("a1 a2 a3");
  expect(list(["p1", "p2"], 4)).toBe("p1 p2");
  expect(list([], 4)).toBe("");
});
