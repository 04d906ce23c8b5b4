import * as z from "zod";
import { BehaviorName } from "./behavior.ts";
import { HandbookSlug } from "./handbook.ts";
import { Instant, text, Ulid } from "./text.ts";
import { MAX_TASK } from "./trace.ts";

/** What the draw of the episode said: serve all, serve nothing, or hold one behavior back. */
export const Arm = z.enum(["served", "control", "withheld"]);
export type Arm = z.infer<typeof Arm>;

export const RankedBehavior = z.strictObject({
  handbook: HandbookSlug,
  name: BehaviorName,
  revision: z.int().min(1),
  score: z.number(),
});
export type RankedBehavior = z.infer<typeof RankedBehavior>;

/** One retrieval: what was served for which task, and what was withheld on purpose. */
export const Use = z
  .strictObject({
    id: Ulid,
    episode_id: Ulid.describe("The first use of this task; its own id when it is the first."),
    handbook: HandbookSlug,
    task: text(MAX_TASK),
    topic: text(80).optional(),
    arm: Arm,
    served: z.array(RankedBehavior),
    withheld: z.array(RankedBehavior),
    agent: text(200).optional(),
    conversation: text(200)
      .optional()
      .describe("The client's own id of the conversation, where a hook told us."),
    created_at: Instant,
  })
  .meta({ title: "Use" });
export type Use = z.infer<typeof Use>;
