import fc from "fast-check";
import { expect, test } from "vitest";
import { Evidence, Outcome } from "../../src/model/outcome.ts";
import { impliedEvidence, isSame, settledBy } from "../../src/rules/evidence.ts";

const statement = fc.record({
  outcome: fc.constantFrom(...Outcome.options),
  evidence: fc.constantFrom(...Evidence.options),
});
const strength = ({ evidence }: { evidence: Evidence }) => -Evidence.options.indexOf(evidence);

test("stronger evidence overrides weaker, never the reverse, and of equal evidence the latest wins", () => {
  expect(
    settledBy({ outcome: "success", evidence: "self" }, { outcome: "failure", evidence: "test" }),
  ).toEqual({
    outcome: "failure",
    evidence: "test",
  });
  expect(
    settledBy({ outcome: "failure", evidence: "test" }, { outcome: "success", evidence: "user" }),
  ).toEqual({
    outcome: "failure",
    evidence: "test",
  });
  expect(
    settledBy({ outcome: "failure", evidence: "user" }, { outcome: "success", evidence: "user" }),
  ).toEqual({
    outcome: "success",
    evidence: "user",
  });
});

test("whatever is said in whatever order, what stands has the strongest evidence, and its latest word", () => {
  fc.assert(
    fc.property(fc.array(statement, { minLength: 1 }), (statements) => {
      const stands = statements.reduce(settledBy);
      const strongest = Math.max(...statements.map(strength));
      expect(isSame(stands, statements.findLast((s) => strength(s) === strongest) ?? stands)).toBe(true);
    }),
  );
});

test("saying the same again changes nothing", () => {
  fc.assert(
    fc.property(statement, statement, (standing, said) => {
      const once = settledBy(standing, said);
      expect(settledBy(once, said)).toEqual(once);
    }),
  );
});

test("a stated outcome without evidence is the agent's own word; unknown is nobody's", () => {
  expect(impliedEvidence("success")).toBe("self");
  expect(impliedEvidence("failure")).toBe("self");
  expect(impliedEvidence("unknown")).toBe("none");
});
