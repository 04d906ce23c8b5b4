import * as z from "zod";
import { improve } from "../lifecycle/improve.ts";
import { defineTool, idField } from "./define.ts";

export const selfImprove = defineTool({
  name: "self_improve",
  title: "Improve on an attempt",
  description:
    "Make a better attempt at a task from what earlier attempts at it teach. Call it with their trace_ids. " +
    "awaiting_reflection: follow the prompt, call submit_reflection, then call this again. ready: follow the prompt and record " +
    "the new attempt with improves. done: the server's own model made and recorded it.",
  scope: "write",
  input: z.strictObject({
    trace_ids: z.array(idField).min(1).max(50).describe("Attempts at one and the same task."),
    by: z
      .enum(["auto", "server", "agent"])
      .default("auto")
      .describe("Who works; auto: the server if it has a model."),
  }),
  output: z.strictObject({
    status: z.enum(["awaiting_reflection", "ready", "done"]),
    reflection_id: z.string().optional(),
    prompt: z.string().optional(),
    answer: z.string().optional(),
    trace_id: z.string().optional(),
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  async run(input, ports, caller) {
    return improve(ports, { ...input, ...caller });
  },
});
