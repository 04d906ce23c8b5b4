// The whole loop in a minute: a real MCP client drives the built server over stdio on a fresh directory, plays the
// agent, and says in plain words what happened. Exits 0 when what was learned is served.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import * as z from "zod";

const ENTRY = join(import.meta.dirname, "../dist/behavior-handbook.js");
const home = mkdtempSync(join(tmpdir(), "handbook-tour-"));

const TASK =
  "Our nightly job exports orders to CSV. Since Monday about 40 of 12,000 rows end up in the wrong columns. Find out why and fix it.";
const LATER =
  "Customers report that some lines of the exported CSV file are shifted by a column. Fix the export.";
const REASONING = `I looked at the exporter: it joins the fields with commas. First I suspected a changed schema, because the trouble began on Monday, and compared the column lists of both days: the same. That cost a while.
Then I took the 40 broken rows themselves instead of the code: every one has a comma or a quote in the customer's name. On Monday the shop began to allow company names such as "Meyer, Sons & Co.".
So the fields were never quoted. I replaced the join by the csv writer of the standard library, re-exported Monday's orders, and read the file back with the csv reader: 12,000 rows, 14 columns each. The tests pass.`;
const LEARNED = {
  name: "behavior_look_at_broken_rows_first",
  instruction:
    "When a few records of many come out wrong, list the broken ones and find what they have in common before reading code; then reproduce with one of them.",
  when: "A few rows or records of an export, import or migration are wrong and most are right",
  keywords: ["csv", "columns", "shifted", "data", "outliers"],
  topic: "debugging",
};

const Retrieved = z.object({
  use_id: z.string(),
  behaviors: z.array(z.object({ name: z.string(), handbook: z.string() })),
});
const Recorded = z.object({
  trace_id: z.string(),
  cited: z.array(z.string()),
  output_tokens: z.number(),
  redacted: z.array(z.string()),
});
const Opened = z.object({ reflection_id: z.string(), status: z.string(), prompt: z.string() });
const Decided = z.object({
  decisions: z.array(z.object({ name: z.string(), decision: z.string(), reason: z.string() })),
});
const Reported = z.object({
  counts: z.object({ behaviors: z.record(z.string(), z.number()) }),
  lift: z.object({ tokens: z.string() }),
});

const client = new Client({ name: "tour", version: "1.0.0" });
let passed = false;
try {
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [ENTRY],
      env: {
        PATH: process.env.PATH ?? "",
        HANDBOOK_HOME: home,
        HANDBOOK_HOLDOUT: "0",
        HANDBOOK_WITHHOLD: "0",
      },
    }),
  );
  const { tools } = await client.listTools();
  say(
    `A server started over stdio on an empty directory, with ${tools.length} tools: ${tools.map(({ name }) => name).join(", ")}.`,
  );

  const first = await call("retrieve_behaviors", { task: TASK, limit: 3 }, Retrieved);
  say(
    `1. Before the task, the agent asked how to do it. From the starter handbooks came ${names(first.behaviors)}.`,
  );

  const cited = first.behaviors[0]?.name ?? "nothing";
  const trace = await call(
    "record_trace",
    {
      task: TASK,
      reasoning: `${REASONING}\nI used ${cited}.`,
      outcome: "success",
      evidence: "test",
      use_id: first.use_id,
    },
    Recorded,
  );
  say(
    `2. After the task, it handed its trace back: ${trace.output_tokens} tokens, stored as ${trace.trace_id}. It named ${trace.cited.join(", ") || "no behavior"}, and that is noted.`,
  );

  const opened = await call("reflect_and_extract", { trace_ids: [trace.trace_id] }, Opened);
  say(
    `3. No model is configured, so the server asked the agent itself to reflect (${opened.status}), with a prompt of ${opened.prompt.length} characters:\n\n${indent(opened.prompt.slice(0, 400))} ...`,
  );

  const reflection =
    "1. Correct: the cause was found and the fix tested. Comparing schemas first was a detour. 2. Looking at the broken rows first would have saved it. 3. See behaviors.";
  const submitted = await call(
    "submit_reflection",
    { reflection_id: opened.reflection_id, reflection, behaviors: [LEARNED] },
    Decided,
  );
  for (const { name, decision, reason } of submitted.decisions)
    say(`4. The agent submitted ${name}. Decision: ${decision}, because ${reason}.`);

  const second = await call("retrieve_behaviors", { task: LATER, limit: 3 }, Retrieved);
  passed = second.behaviors.some(({ name }) => name === LEARNED.name);
  say(`5. A later task, in other words: "${LATER}" Now served: ${names(second.behaviors)}.`);

  const report = await call("handbook_report", {}, Reported);
  say(
    `The handbook "default" now holds ${report.counts.behaviors.probation} behavior on probation. Does it help? Tokens: ${report.lift.tokens}.`,
  );
  say(
    passed
      ? "What was learned is served. That is the loop."
      : "What was learned was NOT served: the loop is broken.",
  );
} finally {
  await client.close();
  rmSync(home, { recursive: true, force: true });
}
process.exitCode = passed ? 0 : 1;

async function call<T>(name: string, input: Record<string, unknown>, answer: z.ZodType<T>): Promise<T> {
  const result = await client.callTool({ name, arguments: input });
  if (result.isError) throw new Error(`${name}: ${JSON.stringify(result.content)}`);
  return answer.parse(result.structuredContent);
}

function names(behaviors: { name: string; handbook: string }[]): string {
  return behaviors.map(({ name, handbook }) => `${name} (${handbook})`).join(", ") || "nothing";
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "   | ");
}

function say(text: string): void {
  console.log(`${text}\n`);
}
