import { expect, test } from "vitest";
import type { Episode } from "../../../src/model/episode.ts";
import { measureLift } from "../../../src/rules/lift/lift.ts";
import { episode } from "../episodes.ts";

/** `arm`'s episodes with so many successes, failures and unknown outcomes, spread evenly. */
function outcomes(arm: Episode["arm"], success: number, failure: number, unknown: number): Episode[] {
  const all = [
    ...Array.from({ length: success }, () => "success" as const),
    ...Array.from({ length: failure }, () => "failure" as const),
    ...Array.from({ length: unknown }, () => "unknown" as const),
  ];
  return all.map((_, i) => {
    const outcome = all[(i * 7) % all.length] ?? "unknown";
    const isKnown = outcome !== "unknown";
    return episode({ arm, holdout: 0.5, outcome, evidence: isKnown ? "test" : "none", returned: isKnown });
  });
}

function alternating(served: Episode[], control: Episode[]): Episode[] {
  return served.flatMap((first, i) => [first, control[i] ?? first]);
}

test("where outcomes come back from one arm more than from the other, success has Manski's bounds", () => {
  const { returns, trustworthy, doubts } = measureLift(
    alternating(outcomes("served", 150, 30, 20), outcomes("control", 60, 40, 100)),
  );
  expect(returns.differs).toBe(true);
  expect(returns.trace.served).toEqual({ episodes: 200, returned: 180, share: 0.9 });
  expect(returns.trace.control.share).toBe(0.5);
  // Worst: 150/200 - 160/200; best: 170/200 - 60/200.
  expect(returns.bounds?.tested.worst.estimate).toBeCloseTo(-0.05, 10);
  expect(returns.bounds?.tested.best.estimate).toBeCloseTo(0.55, 10);
  expect(returns.bounds?.tested.worst.low).toBeLessThan(-0.05);
  expect(returns.bounds?.tested.best.high).toBeGreaterThan(0.55);
  expect(trustworthy).toBe(false);
  expect(doubts[0]).toBe(
    "A report comes back from 90 % of the served and 50 % of the control tasks: what is missing may differ too.",
  );
});

test("where as much is missing in both arms, nothing is in doubt and nothing is bounded", () => {
  const { returns, trustworthy } = measureLift(
    alternating(outcomes("served", 120, 40, 40), outcomes("control", 120, 40, 40)),
  );
  expect(returns.differs).toBe(false);
  expect(returns.bounds).toBeUndefined();
  expect(returns.trace.difference?.estimate).toBeCloseTo(0, 1);
  expect(trustworthy).toBe(true);
});

test("a difference of a few episodes is none yet", () => {
  const { returns } = measureLift(alternating(outcomes("served", 10, 0, 0), outcomes("control", 0, 0, 10)));
  expect(returns.differs).toBe(false);
  expect(returns.trace.difference).toBeUndefined();
});
