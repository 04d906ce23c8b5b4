import * as z from "zod";
import { DEFAULT_LIMIT, MAX_LIMIT, retrieve } from "../lifecycle/retrieve.ts";
import { withPrefix } from "../model/behavior.ts";
import { requiredText, text } from "../model/text.ts";
import { MAX_TASK } from "../model/trace.ts";
import { GUIDANCE } from "../prompts/solve.ts";
import { defineTool, handbookField, idField } from "./define.ts";

export const retrieveBehaviors = defineTool({
  name: "retrieve_behaviors",
  title: "Retrieve behaviors",
  description:
    "Get short procedures that worked on tasks like this one. Call it before you start any task of more than one step " +
    "(code, mathematics, research, tool use), and again when stuck, with the first call's use_id. " +
    "An empty list: nothing known fits, go on without. When done, call record_trace.",
  scope: "read",
  input: z.strictObject({
    task: requiredText(MAX_TASK).describe("The task as it was put to you."),
    limit: z
      .int()
      .min(1)
      .max(MAX_LIMIT)
      .optional()
      .describe(`Most behaviors. Default ${DEFAULT_LIMIT}; with topic ${MAX_LIMIT}.`),
    max_tokens: z.int().min(1).max(1_000_000).optional().describe("Most tokens the behaviors may cost."),
    topic: requiredText(80).optional().describe('All behaviors of this topic, e.g. "Number Theory".'),
    already_have: z
      .array(text(100).transform(withPrefix))
      .max(500)
      .optional()
      .describe("Names you have; they are left out."),
    use_id: idField.optional().describe("From an earlier call for the same task."),
    handbook: handbookField,
  }),
  output: z.strictObject({
    use_id: z.string(),
    behaviors: z.array(
      z.strictObject({ name: z.string(), handbook: z.string(), instruction: z.string(), when: z.string() }),
    ),
    guidance: z.string(),
    effort: z
      .strictObject({
        attempts: z.int(),
        median_tokens: z.int(),
        p90_tokens: z.int(),
        shorter_succeeded: z.number(),
        longer_succeeded: z.number(),
      })
      .optional()
      .describe(
        "Output tokens that successes at such tasks took, and how often short and long attempts succeed.",
      ),
    sources: z.array(z.enum(["lexical", "vectors", "partial"])),
  }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  async run(input, ports, caller) {
    const { use, behaviors, sources, effort } = await retrieve(ports, { ...input, ...caller });
    return {
      use_id: use.id,
      behaviors: behaviors.map(({ name, handbook, instruction, when }) => ({
        name,
        handbook,
        instruction,
        when,
      })),
      guidance: GUIDANCE,
      ...(effort && { effort }),
      sources,
    };
  },
});
