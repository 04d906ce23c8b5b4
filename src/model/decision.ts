import * as z from "zod";
import { BehaviorName } from "./behavior.ts";
import { HandbookSlug } from "./handbook.ts";
import { Candidate } from "./reflection.ts";
import { Instant, text, Ulid } from "./text.ts";

export const DecisionKind = z.enum(["add", "strengthen", "merge", "revise", "reject"]);
export type DecisionKind = z.infer<typeof DecisionKind>;

/** What curation did with one candidate, and why. */
export const Decision = z
  .strictObject({
    reflection_id: Ulid,
    position: z.int().min(0).describe("Place of the candidate in its reflection."),
    candidate: Candidate,
    decision: DecisionKind,
    target: z
      .strictObject({ handbook: HandbookSlug, name: BehaviorName, revision: z.int().min(1) })
      .optional()
      .describe("The behavior that was added or changed; absent for a rejection."),
    reason: text(2000),
    created_at: Instant,
  })
  .meta({ title: "Decision" });
export type Decision = z.infer<typeof Decision>;
