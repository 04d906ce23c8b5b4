import { expect, test } from "vitest";
import type { BehaviorLift, Lift } from "../../../src/rules/lift/lift.ts";
import { measureLift } from "../../../src/rules/lift/lift.ts";
import { promotions } from "../../../src/rules/lift/promotion.ts";

const counts = { episodes: 2000, without: 40 };
const effect = {
  shown: 1960,
  withheld: 40,
  burn_in: { needed: counts, have: counts },
  verdict: "undecided" as const,
  e_better: 1,
  e_worse: 1,
};

function lift(...behaviors: Partial<BehaviorLift>[]): Lift {
  const filled = behaviors.map((fields, i) => ({
    behavior: `d/${i}`,
    candidate: 2000,
    shown: 1960,
    withheld: 40,
    cited: 0,
    token_ratio: effect,
    tested: effect,
    shrunk: 0,
    ...fields,
  }));
  return { ...measureLift([]), behaviors: filled };
}

const better = { ...effect, estimate: 0.8, low: 0.7, high: 0.9, claimed: "better" as const };
const worse = { ...effect, estimate: -0.1, low: -0.15, high: -0.05, claimed: "worse" as const };
const probation = { status: "probation" as const, succeeded_tasks: 0 };

test("measured help makes active, measured harm retires, each with its numbers", () => {
  const measured = lift({ finding: "helps", token_ratio: better }, { finding: "harms", tested: worse });
  const changes = promotions(measured, [
    { behavior: "d/0", ...probation },
    { behavior: "d/1", status: "active", succeeded_tasks: 9 },
  ]);
  expect(changes).toEqual([
    {
      behavior: "d/0",
      to: "active",
      basis: "measured",
      reason:
        "Measured: shown against withheld at random, output tokens -20.0 % (-30.0 % to -10.0 %; 1960 tasks with it, 40 without).",
    },
    {
      behavior: "d/1",
      to: "retired",
      basis: "measured",
      reason:
        "Measured: shown against withheld at random, tested success -10.0 points (-15.0 points to -5.0 points; 1960 tasks with it, 40 without).",
    },
  ]);
});

test("citations in two tasks that succeeded promote, and are called observational; one task does not", () => {
  const changes = promotions(lift(), [
    { behavior: "d/x", status: "probation", succeeded_tasks: 2 },
    { behavior: "d/y", status: "probation", succeeded_tasks: 1 },
  ]);
  expect(changes).toMatchObject([{ behavior: "d/x", to: "active", basis: "observational" }]);
  expect(changes[0]?.reason).toMatch(/^Observational, not measured: cited in 2 different tasks/);
});

test("what both helps and harms, or is not served, is left to a person", () => {
  const measured = lift(
    { finding: "mixed", token_ratio: better, tested: worse },
    { finding: "harms", tested: worse },
  );
  const changes = promotions(measured, [
    { behavior: "d/0", status: "probation", succeeded_tasks: 5 },
    { behavior: "d/1", status: "quarantined", succeeded_tasks: 0 },
    { behavior: "d/1", status: "retired", succeeded_tasks: 5 },
  ]);
  expect(changes).toEqual([]);
});
