import fc from "fast-check";
import { expect, test } from "vitest";
import { Evidence, Outcome } from "../../src/model/outcome.ts";
import { impliedEvidence, settledBy, UNSTATED } from "../../src/rules/evidence.ts";

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
    fc.property(fc.array(statement), (statements) => {
      const stands = statements.reduce(settledBy, UNSTATED);
      const known = statements.filter(({ outcome }) => outcome !== "unknown");
      const strongest = Math.max(...known.map(strength));
      expect(stands).toEqual(known.findLast((s) => strength(s) === strongest) ?? UNSTATED);
    }),
  );
});

test("unknown states nothing: it overrides nobody, and whoever knows overrides it", () => {
  const known = { outcome: "success", evidence: "self" } as const;
  expect(settledBy(known, { outcome: "unknown", evidence: "test" })).toEqual(known);
  expect(settledBy({ outcome: "unknown", evidence: "test" }, known)).toEqual(known);
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
