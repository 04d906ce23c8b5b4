import * as z from "zod";
import type { Evidence, Outcome } from "./outcome.ts";
import { Instant, Ulid } from "./text.ts";
import { Arm, RankedBehavior } from "./use.ts";

const Probability = z.number().min(0).max(1);

/** What was known of a task before the draw. */
export const Covariates = z.strictObject({
  task_tokens: z.int().min(0).describe("Length of the task: characters / 4."),
  behaviors: z.int().min(1).describe("How many behaviors fit it."),
  best_fit: Probability.describe("Of the best of them."),
  similar: z.int().min(0).describe("Earlier tasks that were solved with these behaviors and have a count."),
  similar_tokens: z.number().min(0).optional().describe("Geometric mean of their output tokens."),
  similar_success: Probability.optional().describe("Share of successes among those whose outcome is known."),
});
export type Covariates = z.infer<typeof Covariates>;

/** What chance decided for one episode, and everything that an estimate may use. Never changed afterwards. */
export const Draw = z
  .strictObject({
    episode_id: Ulid,
    arm: Arm,
    holdout: Probability.describe("Probability of the control arm."),
    withhold: Probability.describe("Probability, outside the control arm, that one behavior is withheld."),
    candidates: z
      .array(RankedBehavior)
      .min(1)
      .describe("Best first; all of them are served, all but one, or none."),
    withheld: z.int().min(0).optional().describe("Place of the one that is withheld."),
    covariates: Covariates,
    served_tokens: z.int().min(0).describe("About what all the candidates cost to read: characters / 4."),
    seq: z.int().min(0).describe("The ledger's sequence number: what retrieval knew."),
    created_at: Instant,
    settles_at: Instant.describe("What comes later does not count."),
  })
  .meta({ title: "Draw" });
export type Draw = z.infer<typeof Draw>;

/** One randomized task, as it stood when its time was up: the draw, and what came back of it. */
export interface Episode {
  id: string;
  /** Milliseconds since 1970, of the draw. */
  at: number;
  arm: Arm;
  holdout: number;
  withhold: number;
  /** Handbook and name, best first; with `@revision` where that said something else than the behavior does now. */
  candidates: readonly string[];
  /** Place of the one that was withheld. */
  withheld?: number | undefined;
  covariates: Covariates;
  served_tokens: number;
  /** Whether a trace came in time. */
  returned: boolean;
  /** What the work cost in output tokens, counted from outside; absent where only the report was counted. */
  tokens?: number | undefined;
  /** Length of the report in tokens, which is no cost of the work. */
  report_tokens?: number | undefined;
  /** Whether a client's hook recorded it, so that the report cost no tokens. */
  by_hook?: boolean | undefined;
  outcome: Outcome;
  evidence: Evidence;
  /** Places of the candidates that the trace names; in the control arm, a contamination. */
  cited: readonly number[];
}
