import * as z from "zod";
import { settle } from "../lifecycle/settle.ts";
import { Evidence, Outcome } from "../model/outcome.ts";
import { text } from "../model/text.ts";
import { defineTool, idField } from "./define.ts";

export const reportOutcome = defineTool({
  name: "report_outcome",
  title: "Report an outcome",
  description:
    "Say how an attempt ended, when you learn it later: tests ran, the user accepted or complained. Stronger evidence " +
    "overrides weaker (in the order listed), never the reverse.",
  scope: "write",
  input: z.strictObject({
    trace_id: idField.optional().describe("The attempt; or use_id, one of them."),
    use_id: idField.optional().describe("The retrieval, e.g. from a CI job that has no trace."),
    outcome: Outcome,
    evidence: Evidence,
    note: text(2000).optional(),
  }),
  output: z.strictObject({
    trace_id: z.string().optional(),
    outcome: Outcome.describe("What stands now."),
    changed: z.boolean(),
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  async run(input, ports, caller) {
    const { trace_id, outcome, changed } = await settle(ports, { ...input, ...caller });
    return { ...(trace_id !== undefined && { trace_id }), outcome, changed };
  },
});
