import * as z from "zod";
import { recordTrace } from "../lifecycle/record.ts";
import { Evidence, Outcome } from "../model/outcome.ts";
import { requiredText, text } from "../model/text.ts";
import { MAX_ANSWER, MAX_REASONING, MAX_TASK, type Trace } from "../model/trace.ts";
import { defineTool, handbookField, idField } from "./define.ts";

export const recordTraceTool = defineTool({
  name: "record_trace",
  title: "Record a trace",
  description:
    "Hand back how you worked on a task, when it is done or failed: failures teach most. Secrets are taken out before it " +
    "is stored. Name the behaviors you used in the reasoning. Then call reflect_and_extract " +
    "if something general can be learned.",
  scope: "write",
  input: z.strictObject({
    task: requiredText(MAX_TASK).describe("The task, as for retrieve_behaviors."),
    reasoning: requiredText(MAX_REASONING).describe("Your steps, dead ends included; up to 2 MB."),
    answer: text(MAX_ANSWER).optional().describe("The result."),
    outcome: Outcome.optional(),
    evidence: Evidence.optional().describe("Who says so."),
    output_tokens: z.int().min(0).optional().describe("Only a count from API usage, never a guess."),
    input_tokens: z.int().min(0).optional(),
    use_id: idField.optional().describe("From retrieve_behaviors."),
    improves: idField.optional().describe("trace_id of the first attempt at it."),
    model: requiredText(200).optional(),
    handbook: handbookField,
  }),
  output: z.strictObject({
    trace_id: z.string(),
    cited: z.array(z.string()),
    redacted: z.array(z.string()),
    output_tokens: z.int(),
    tokens_counted_by: z.enum(["caller", "server"]),
    next: z.string(),
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  async run(input, ports, caller) {
    const { trace, cited } = await recordTrace(ports, { ...input, ...caller });
    const { id, redacted, output_tokens, tokens_counted_by } = trace;
    return { trace_id: id, cited, redacted, output_tokens, tokens_counted_by, next: nextStep(trace) };
  },
});

function nextStep({ id, outcome }: Trace): string {
  const learn = `To learn from it, call reflect_and_extract with trace_ids ["${id}"].`;
  return outcome === "unknown"
    ? `When you learn how it ended, call report_outcome with this trace_id. ${learn}`
    : learn;
}
