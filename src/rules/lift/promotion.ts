import type { Status } from "../../model/behavior.ts";
import type { BehaviorEffect, BehaviorLift, Lift } from "./lift.ts";

/** What a promotion looks at beside the lift. */
export interface Promotable {
  /** Handbook and name, as in `BehaviorLift.behavior`. */
  behavior: string;
  status: Status;
  /** Different tasks that cited it and succeeded by the word of a test, a checker or a user. */
  succeeded_tasks: number;
}

export interface StatusChange {
  behavior: string;
  to: "active" | "retired";
  /** Measured by withholding it at random, or only seen beside successes. */
  basis: "measured" | "observational";
  /** A sentence with its numbers. */
  reason: string;
}

/** Successes on fewer tasks than that may be one task told twice. */
const TASKS = 2;

/**
 * Which behaviors to make active and which to retire, in the order given.
 *
 * Measured harm retires whatever is served; measured help, or else citations in tasks that succeeded, make a behavior on
 * probation active. One that helps on one outcome and harms on another is left to a person. While the comparison
 * as a whole is in doubt, single behaviors still are judged: theirs is among tasks that were all served.
 */
export function promotions(lift: Lift, behaviors: readonly Promotable[]): StatusChange[] {
  const measured = new Map(lift.behaviors.map((behavior) => [behavior.behavior, behavior]));
  return behaviors.flatMap((candidate) => changeOf(candidate, measured.get(candidate.behavior)) ?? []);
}

function changeOf(
  { behavior, status, succeeded_tasks }: Promotable,
  lift: BehaviorLift | undefined,
): StatusChange | undefined {
  const isServed = status === "probation" || status === "active";
  if (isServed && lift?.finding === "harms")
    return { behavior, to: "retired", basis: "measured", reason: reasonOf(lift, "worse") };
  if (status !== "probation") return undefined;
  if (lift?.finding === "helps")
    return { behavior, to: "active", basis: "measured", reason: reasonOf(lift, "better") };
  if (lift?.finding !== undefined || succeeded_tasks < TASKS) return undefined;
  return {
    behavior,
    to: "active",
    basis: "observational",
    reason: `Observational, not measured: cited in ${succeeded_tasks} different tasks that succeeded by the word of a test, a checker or a user.`,
  };
}

function reasonOf({ token_ratio, tested }: BehaviorLift, claim: "better" | "worse"): string {
  const parts = [
    ...(token_ratio.claimed === claim ? [`output tokens ${told(token_ratio, ratio)}`] : []),
    ...(tested.claimed === claim ? [`tested success ${told(tested, points)}`] : []),
  ];
  return `Measured: shown against withheld at random, ${parts.join("; ")}.`;
}

function told(
  { estimate = 0, low = 0, high = 0, shown, withheld }: BehaviorEffect,
  text: (value: number) => string,
): string {
  return `${text(estimate)} (${text(low)} to ${text(high)}; ${shown} tasks with it, ${withheld} without)`;
}

/** A ratio as a change in percent. */
function ratio(value: number): string {
  return `${signed((value - 1) * 100)} %`;
}

function points(value: number): string {
  return `${signed(value * 100)} points`;
}

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(1)}`;
}
