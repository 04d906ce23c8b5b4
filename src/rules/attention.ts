import type { BehaviorUsage } from "../ports/statistics.ts";

const SERVED_IN_VAIN = 20;
const FAILURES = 3;

export interface Attention {
  name: string;
  why: string;
}

/** Behaviors that a person should look at, and why, by name. The counts are observations, not effects. */
export function needsAttention(usage: readonly BehaviorUsage[]): Attention[] {
  return usage.flatMap(({ name, status, served, cited, succeeded, failed }) => {
    if (status === "quarantined") return [{ name, why: "is held back: approve it or retire it" }];
    if (status === "retired") return [];
    if (failed >= FAILURES && failed > succeeded) {
      return [{ name, why: `was cited in ${failed} failures and ${succeeded} successes` }];
    }
    if (served >= SERVED_IN_VAIN && cited === 0)
      return [{ name, why: `was served ${SERVED_IN_VAIN} times or more and never cited` }];
    return [];
  });
}
