import type { Episode } from "../../model/episode.ts";

/** What is measured of an episode, each by itself. */
export const OUTCOMES = ["token_ratio", "tokens", "tested", "success"] as const;
export type OutcomeName = (typeof OUTCOMES)[number];

/** Log of output tokens, output tokens, and success as 1 or 0; what is not known is missing, never 0. */
export type Outcomes = Partial<Record<OutcomeName, number>>;

/** The outcomes of an episode that are there. A count of zero or less is no count. */
export function outcomesOf({ tokens, outcome, evidence }: Episode): Outcomes {
  const outcomes: Outcomes = {};
  if (tokens !== undefined && tokens > 0 && Number.isFinite(tokens)) {
    outcomes.token_ratio = Math.log(tokens);
    outcomes.tokens = tokens;
  }
  if (outcome !== "unknown") {
    outcomes.success = outcome === "success" ? 1 : 0;
    if (evidence !== "self" && evidence !== "none") outcomes.tested = outcomes.success;
  }
  return outcomes;
}

/** Whether it lies between 0 and 1. */
export function isProbability(name: OutcomeName): boolean {
  return name === "tested" || name === "success";
}
