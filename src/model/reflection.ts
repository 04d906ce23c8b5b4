import * as z from "zod";
import { BehaviorName } from "./behavior.ts";
import { HandbookSlug } from "./handbook.ts";
import { Instant, text, Ulid } from "./text.ts";

export const MAX_REFLECTION = 200_000;
/** Far beyond what is accepted, so that curation can answer with its reason instead of a schema error. */
const MAX_PROPOSED = 20_000;

/** A behavior as proposed: the name is sound, the rest is for curation to judge. */
export const Candidate = z
  .strictObject({
    name: BehaviorName,
    instruction: text(MAX_PROPOSED),
    when: text(500).default(""),
    keywords: z.array(text(60)).max(20).default([]),
    topic: text(80).optional(),
  })
  .meta({ title: "Candidate" });
export type Candidate = z.infer<typeof Candidate>;

/** One look back at one or more traces. `open` until its candidates have been curated. */
export const Reflection = z
  .strictObject({
    id: Ulid,
    handbook: HandbookSlug,
    status: z.enum(["open", "done"]),
    by: z.enum(["agent", "server"]),
    trace_ids: z.array(Ulid).min(1),
    prompt_version: text(60),
    model: text(200).optional(),
    agent: text(200).optional(),
    text: text(MAX_REFLECTION).optional(),
    input_tokens: z.int().min(0).optional().describe("Of its prompts: what it cost to read."),
    output_tokens: z.int().min(0).optional().describe("Of what was written."),
    created_at: Instant,
    done_at: Instant.optional(),
  })
  .meta({ title: "Reflection" });
export type Reflection = z.infer<typeof Reflection>;
