import * as z from "zod";
import { measure } from "../lifecycle/measure.ts";
import { Instant } from "../model/text.ts";
import { defineTool, handbookField } from "./define.ts";

const count = z.int().min(0);

export const handbookReport = defineTool({
  name: "handbook_report",
  title: "Report on a handbook",
  description:
    "What a handbook holds, how it was used, whether it helps, and which behaviors need a person's eye. Call it when your user " +
    "asks how the handbook is doing.",
  input: z.strictObject({
    handbook: handbookField,
    since: Instant.optional().describe("Only what happened since, e.g. 2026-11-01T00:00:00Z."),
  }),
  output: z.strictObject({
    handbook: z.string(),
    since: z.string().optional(),
    counts: z.strictObject({
      behaviors: z.strictObject({ probation: count, active: count, retired: count, quarantined: count }),
      traces: z.strictObject({ success: count, failure: count, unknown: count }),
      tested: z.strictObject({ success: count, failure: count }),
      traces_with_true_tokens: count,
      uses: count,
      uses_served: count,
      reflections: z.strictObject({ open: count, done: count }),
      decisions: z.strictObject({
        add: count,
        strengthen: count,
        merge: count,
        revise: count,
        reject: count,
      }),
    }),
    lift: z.strictObject({ tokens: z.string(), success: z.string() }),
    most_cited: z.array(
      z.strictObject({ name: z.string(), served: count, cited: count, succeeded: count, failed: count }),
    ),
    attention: z.array(z.strictObject({ name: z.string(), why: z.string() })),
  }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  run: (input, ports) => measure(ports, input),
});
