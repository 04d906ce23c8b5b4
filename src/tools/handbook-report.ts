import * as z from "zod";
import { measure } from "../lifecycle/measure.ts";
import { sentences } from "../rules/lift/sentences.ts";
import { defineTool, handbookField } from "./define.ts";

const count = z.number();

const day = z.iso.date();
const instant = z.iso.datetime({ offset: true });

/** A day, which is its midnight in UTC, or an instant with its offset: the same wherever it is read. */
export const Since = z
  .string()
  .refine(
    (value) => day.safeParse(value).success || instant.safeParse(value).success,
    "is no date: write a day, 2026-11-01, or a time with its offset, 2026-11-01T10:00:00Z or 2026-11-01T10:00:00+01:00",
  )
  .transform((value) => new Date(value).toISOString());

export const handbookReport = defineTool({
  name: "handbook_report",
  title: "Report on a handbook",
  description:
    "What a handbook holds, how it was used, whether it helps, and which behaviors a person should look at. Call it when " +
    "your user asks.",
  scope: "read",
  input: z.strictObject({
    handbook: handbookField,
    since: Since.optional().describe("A date, e.g. 2026-11-01."),
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
      reflections: z.strictObject({ open: count, done: count }),
      decisions: z.strictObject({
        add: count,
        strengthen: count,
        merge: count,
        revise: count,
        reject: count,
      }),
    }),
    lift: z.strictObject({
      tokens: z.string(),
      success: z.string(),
      trustworthy: z.string(),
      behaviors: z.string(),
    }),
    use: z.string(),
    account: z.string(),
    notes: z.array(z.string()),
    most_cited: z.array(z.strictObject({ name: z.string(), cited: count, succeeded: count, failed: count })),
    attention: z.array(z.strictObject({ name: z.string(), why: z.string() })),
  }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  async run(input, ports) {
    const report = await measure(ports, input, "agent");
    const { handbook, since, most_cited, attention } = report;
    const { behaviors, traces, tested, traces_with_true_tokens, uses, reflections, decisions } =
      report.counts;
    const { open, done } = reflections;
    const told = sentences(report, "agent");
    const {
      tokens,
      tested: successTested,
      success,
      trustworthy,
      behaviors: each,
      use,
      account,
      ...notes
    } = told;
    return {
      handbook,
      ...(since !== undefined && { since }),
      // Not how often something was served: right after a draw that would tell an agent its arm.
      counts: {
        behaviors,
        traces,
        tested,
        traces_with_true_tokens,
        uses,
        reflections: { open, done },
        decisions,
      },
      lift: {
        tokens,
        success: `tested: ${successTested}; whoever told: ${success}`,
        trustworthy,
        behaviors: each,
      },
      use,
      account,
      notes: Object.values(notes),
      most_cited,
      attention,
    };
  },
});
