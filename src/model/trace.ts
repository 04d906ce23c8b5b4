import * as z from "zod";
import { BehaviorName } from "./behavior.ts";
import { HandbookSlug } from "./handbook.ts";
import { Evidence, Outcome } from "./outcome.ts";
import { Instant, requiredText, text, Ulid } from "./text.ts";

export const MAX_TASK = 100_000;
export const MAX_REASONING = 2 * 1024 * 1024;
export const MAX_ANSWER = 200_000;

/** A served behavior that the trace names. */
export const Citation = z
  .strictObject({ trace_id: Ulid, handbook: HandbookSlug, name: BehaviorName, revision: z.int().min(1) })
  .meta({ title: "Citation" });
export type Citation = z.infer<typeof Citation>;

/** One attempt at a task, as stored: secrets are already taken out. */
export const Trace = z
  .strictObject({
    id: Ulid,
    handbook: HandbookSlug,
    task: requiredText(MAX_TASK),
    reasoning: requiredText(MAX_REASONING),
    answer: text(MAX_ANSWER).optional(),
    outcome: Outcome,
    evidence: Evidence,
    output_tokens: z.int().min(0),
    input_tokens: z.int().min(0).optional(),
    tokens_counted_by: z
      .enum(["caller", "server"])
      .describe("`server` is the length of the report, not what the attempt cost."),
    report_tokens: z
      .int()
      .min(0)
      .optional()
      .describe("Length of the report where an agent wrote it, which is what recording cost."),
    model: text(200).optional(),
    agent: text(200).optional(),
    license: text(200).optional().describe("Under which terms its source gives it away, where that says so."),
    use_id: Ulid.optional().describe("The retrieval it came from."),
    episode_id: Ulid.optional().describe("The first retrieval of the same task."),
    improves: Ulid.optional().describe("The first attempt that this one goes beyond."),
    redacted: z.array(z.string()).describe("Kinds of secrets that were taken out."),
    created_at: Instant,
  })
  .meta({ title: "Trace" });
export type Trace = z.infer<typeof Trace>;
