import type { Behavior } from "../model/behavior.ts";
import type { Handbook } from "../model/handbook.ts";
import type { Trace } from "../model/trace.ts";

/** A handbook for people and for agents that read resources: its behaviors by topic, then by name. */
export function handbookMarkdown(handbook: Handbook, behaviors: readonly Behavior[]): string {
  const shown = behaviors.filter(({ status }) => status !== "retired");
  const byTopic = Map.groupBy(shown, ({ topic }) => topic ?? "");
  const topics = [...byTopic].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `# ${handbook.slug}`,
    ...(handbook.description === undefined ? [] : [handbook.description]),
    ...(shown.length === 0 ? ["No behaviors yet."] : []),
    ...topics.flatMap(([topic, list]) => [
      ...(topics.length > 1 || topic !== "" ? [`## ${topic || "Other"}`] : []),
      list.map((behavior) => `- ${line(behavior)}`).join("\n"),
    ]),
  ].join("\n\n");
}

function line({ name, instruction, when, status, reason }: Behavior): string {
  if (status === "quarantined") return `**${name}** (quarantined): ${reason}`;
  const flag = status === "active" ? "" : ` (${status})`;
  return `**${name}**${flag}: ${instruction}${when === "" ? "" : ` *When: ${when}*`}`;
}

/** One behavior, whole: its long form and where it came from. Of a quarantined one only why it is held back. */
export function behaviorMarkdown(behavior: Behavior): string {
  if (behavior.status === "quarantined") {
    const look = `A person can read it with \`handbook history ${behavior.name} --handbook ${behavior.handbook}\`.`;
    return [`# ${behavior.name}`, `Quarantined: ${behavior.reason}. ${look}`].join("\n\n");
  }
  const { name, handbook, status, revision, instruction, when, keywords, topic, detail, provenance, reason } =
    behavior;
  const facts = [
    `- Handbook: ${handbook}`,
    `- Status: ${status}, revision ${revision} (${reason})`,
    ...(when === "" ? [] : [`- When: ${when}`]),
    ...(topic === undefined ? [] : [`- Topic: ${topic}`]),
    ...(keywords.length === 0 ? [] : [`- Keywords: ${keywords.join(", ")}`]),
    `- From: ${[provenance.author, provenance.agent, provenance.model, provenance.source, provenance.reflection_id].filter(Boolean).join(", ")}`,
    ...(provenance.trace_ids.length === 0
      ? []
      : [`- Traces: ${provenance.trace_ids.map((id) => `trace://${id}`).join(", ")}`]),
  ];
  return [`# ${name}`, instruction, facts.join("\n"), ...(detail === undefined ? [] : [detail])].join("\n\n");
}

/** One trace, whole. */
export function traceMarkdown(trace: Trace): string {
  const {
    id,
    handbook,
    outcome,
    evidence,
    output_tokens,
    tokens_counted_by,
    model,
    agent,
    improves,
    use_id,
  } = trace;
  const facts = [
    `- Handbook: ${handbook}`,
    `- Outcome: ${outcome} (evidence: ${evidence})`,
    `- Output tokens: ${output_tokens}, counted by the ${tokens_counted_by}`,
    ...(model === undefined ? [] : [`- Model: ${model}`]),
    ...(agent === undefined ? [] : [`- Agent: ${agent}`]),
    ...(use_id === undefined ? [] : [`- Use: ${use_id}`]),
    ...(improves === undefined ? [] : [`- Improves: trace://${improves}`]),
  ];
  const parts = [`# Trace ${id}`, facts.join("\n"), "## Task", trace.task, "## Reasoning", trace.reasoning];
  return [...parts, ...(trace.answer === undefined ? [] : ["## Answer", trace.answer])].join("\n\n");
}
