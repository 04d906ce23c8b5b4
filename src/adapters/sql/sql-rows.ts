import type { Insertable, Selectable } from "kysely";
import { type Behavior, behaviorId } from "../../model/behavior.ts";
import type { Decision } from "../../model/decision.ts";
import type { Handbook } from "../../model/handbook.ts";
import type { OutcomeReport } from "../../model/outcome.ts";
import type { Reflection } from "../../model/reflection.ts";
import type { Trace } from "../../model/trace.ts";
import type { IndexDocument } from "../../ports.ts";
import { type Tables, traceKey } from "./sql-schema.ts";

/** Between rows and nouns: SQL's null is an absent field, JSON text is a list. */

type Defined<T> = { [K in keyof T]: Exclude<T[K], null> };

/** The row without its nulls. */
function present<T extends object>(row: T): Partial<Defined<T>> & Pick<Defined<T>, RequiredKeys<T>> {
  const kept: Partial<T> = {}; // by hand: a retrieval makes some thirty behaviors of rows
  for (const key in row) if (row[key] !== null) kept[key] = row[key];
  return kept as Partial<Defined<T>> & Pick<Defined<T>, RequiredKeys<T>>;
}
type RequiredKeys<T> = { [K in keyof T]: null extends T[K] ? never : K }[keyof T];

export function handbookOf(row: Selectable<Tables["handbooks"]>): Handbook {
  return present(row);
}

export function behaviorOf(row: Selectable<Tables["behavior_revisions"]>): Behavior {
  const { author, agent, model, prompt_version, source, reflection_id, trace_ids, keywords, ...rest } = row;
  return {
    ...present(rest),
    keywords: JSON.parse(keywords),
    provenance: {
      ...present({ author, agent, model, prompt_version, source, reflection_id }),
      trace_ids: JSON.parse(trace_ids),
    },
  };
}

export function behaviorRow(behavior: Behavior): Insertable<Tables["behavior_revisions"]> {
  const { provenance, keywords, topic, detail, ...rest } = behavior;
  return {
    ...rest,
    topic: topic ?? null,
    detail: detail ?? null,
    keywords: JSON.stringify(keywords),
    author: provenance.author,
    agent: provenance.agent ?? null,
    model: provenance.model ?? null,
    prompt_version: provenance.prompt_version ?? null,
    source: provenance.source ?? null,
    reflection_id: provenance.reflection_id ?? null,
    trace_ids: JSON.stringify(provenance.trace_ids),
  };
}

export function traceOf({ hash: _, ...row }: Selectable<Tables["traces"]>): Trace {
  return { ...present(row), redacted: JSON.parse(row.redacted) };
}

export function traceRow(trace: Trace, hash: string): Insertable<Tables["traces"]> {
  return {
    ...trace,
    hash,
    answer: trace.answer ?? null,
    input_tokens: trace.input_tokens ?? null,
    model: trace.model ?? null,
    agent: trace.agent ?? null,
    use_id: trace.use_id ?? null,
    episode_id: trace.episode_id ?? null,
    improves: trace.improves ?? null,
    redacted: JSON.stringify(trace.redacted),
    report_tokens: trace.report_tokens ?? null,
    license: trace.license ?? null,
  };
}

export function outcomeReportOf(row: Selectable<Tables["outcome_reports"]>): OutcomeReport {
  return present(row);
}

export function reflectionOf({ trace_key: _, ...row }: Selectable<Tables["reflections"]>): Reflection {
  return { ...present(row), trace_ids: JSON.parse(row.trace_ids) };
}

export function reflectionRow(reflection: Reflection): Insertable<Tables["reflections"]> {
  return {
    ...reflection,
    trace_ids: JSON.stringify(reflection.trace_ids),
    trace_key: traceKey(reflection.trace_ids),
    model: reflection.model ?? null,
    agent: reflection.agent ?? null,
    text: reflection.text ?? null,
    done_at: reflection.done_at ?? null,
    input_tokens: reflection.input_tokens ?? null,
    output_tokens: reflection.output_tokens ?? null,
  };
}

export function decisionOf(row: Selectable<Tables["decisions"]>): Decision {
  const { handbook, name, revision, candidate, ...rest } = row;
  const target =
    handbook !== null && name !== null && revision !== null ? { handbook, name, revision } : undefined;
  return { ...rest, candidate: JSON.parse(candidate), ...(target && { target }) };
}

export function decisionRow({ target, candidate, ...decision }: Decision): Insertable<Tables["decisions"]> {
  return {
    ...decision,
    candidate: JSON.stringify(candidate),
    handbook: target?.handbook ?? null,
    name: target?.name ?? null,
    revision: target?.revision ?? null,
  };
}

/** A current revision as an index sees it, with the tasks that were solved with it, by handbook and name. */
export function documentOf(
  row: Pick<
    Tables["behavior_revisions"],
    "handbook" | "name" | "status" | "when" | "instruction" | "keywords" | "topic" | "detail"
  >,
  solved: ReadonlyMap<string, string[]>,
): IndexDocument {
  return {
    handbook: row.handbook,
    name: row.name,
    status: row.status,
    when: row.when,
    instruction: row.instruction,
    keywords: JSON.parse(row.keywords),
    topic: row.topic ?? undefined,
    detail: row.detail ?? undefined,
    solved_tasks: solved.get(behaviorId(row)) ?? [],
  };
}
