import * as z from "zod";
import { Instant, text, Ulid } from "./text.ts";

/** How an attempt ended. `unknown` is missing knowledge: never counted as success, nor as failure. */
export const Outcome = z.enum(["success", "failure", "unknown"]);
export type Outcome = z.infer<typeof Outcome>;

/** Who says so, strongest first. */
export const Evidence = z.enum(["test", "checker", "user", "self", "none"]);
export type Evidence = z.infer<typeof Evidence>;

/** One statement about how an attempt ended; all are kept, the standing one is on the trace. */
export const OutcomeReport = z
  .strictObject({
    id: Ulid,
    trace_id: Ulid.optional(),
    episode_id: Ulid.optional().describe("The first use of the task, when the report named a use."),
    outcome: Outcome,
    evidence: Evidence,
    note: text(2000).optional(),
    agent: text(200).optional().describe("Who said so."),
    created_at: Instant,
  })
  .meta({ title: "Outcome report" });
export type OutcomeReport = z.infer<typeof OutcomeReport>;
