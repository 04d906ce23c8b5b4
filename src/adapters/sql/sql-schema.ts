import type { Kysely } from "kysely";
import type { Provenance, Status } from "../../model/behavior.ts";
import type { DecisionKind } from "../../model/decision.ts";
import type { Evidence, Outcome } from "../../model/outcome.ts";
import type { Arm } from "../../model/use.ts";

/** The ledger's tables. Columns have the names of the model's fields; lists and small objects are JSON text. */
export interface Tables {
  handbooks: { slug: string; description: string | null; starter: string | null; created_at: string };
  /** Which revision is current. `seq` is the number of the last change that an index must know about. */
  behaviors: {
    handbook: string;
    name: string;
    revision: number;
    status: Status;
    topic: string | null;
    seq: number;
  };
  behavior_revisions: {
    handbook: string;
    name: string;
    revision: number;
    status: Status;
    instruction: string;
    when: string;
    keywords: string;
    topic: string | null;
    detail: string | null;
    author: Provenance["author"];
    agent: string | null;
    model: string | null;
    prompt_version: string | null;
    source: string | null;
    reflection_id: string | null;
    trace_ids: string;
    reason: string;
    created_at: string;
  };
  /** Traces that a behavior was drawn from, over all its revisions. */
  behavior_sources: { handbook: string; name: string; trace_id: string };
  traces: {
    id: string;
    hash: string;
    handbook: string;
    task: string;
    reasoning: string;
    answer: string | null;
    outcome: Outcome;
    evidence: Evidence;
    output_tokens: number;
    input_tokens: number | null;
    tokens_counted_by: "caller" | "server";
    model: string | null;
    agent: string | null;
    use_id: string | null;
    episode_id: string | null;
    improves: string | null;
    redacted: string;
    created_at: string;
    report_tokens: number | null;
    license: string | null;
  };
  citations: { trace_id: string; handbook: string; name: string; revision: number };
  uses: {
    id: string;
    episode_id: string;
    handbook: string;
    task: string;
    topic: string | null;
    arm: Arm;
    agent: string | null;
    conversation: string | null;
    created_at: string;
  };
  use_behaviors: {
    use_id: string;
    position: number;
    handbook: string;
    name: string;
    revision: number;
    score: number;
    served: 0 | 1;
  };
  outcome_reports: {
    id: string;
    trace_id: string | null;
    episode_id: string | null;
    outcome: Outcome;
    evidence: Evidence;
    note: string | null;
    agent: string | null;
    created_at: string;
  };
  reflections: {
    id: string;
    handbook: string;
    status: "open" | "done";
    by: "agent" | "server";
    /** The ids of its traces, sorted and joined: finds the reflections over exactly these traces. */
    trace_key: string;
    trace_ids: string;
    prompt_version: string;
    model: string | null;
    agent: string | null;
    text: string | null;
    created_at: string;
    done_at: string | null;
    input_tokens: number | null;
    output_tokens: number | null;
  };
  reflection_traces: { reflection_id: string; trace_id: string };
  /** What waits to be reflected on; `trace_key` as in `reflections`. */
  learning_queue: {
    handbook: string;
    trace_key: string;
    /** The first of them. */
    trace_id: string;
    trace_ids: string;
    rank: number;
    stake: number;
    step: string | null;
  };
  decisions: {
    reflection_id: string;
    position: number;
    candidate: string;
    decision: DecisionKind;
    handbook: string | null;
    name: string | null;
    revision: number | null;
    reason: string;
    created_at: string;
  };
  /**
   * `behaviors`: the newest `seq`. Taking a number locks the row, so numbers become visible in order.
   * `index generations`: the last number that one was given; none is given twice.
   */
  counters: { name: string; value: number };
  /** Whose turn it is. A row stays when nobody holds it, so that its epoch never begins anew. */
  leases: { name: string; holder: string; epoch: number; expires_at: string };
  /** The tables of the indexes that processes share. */
  index_generations: {
    generation: number;
    index_name: string;
    model: string;
    table_name: string;
    dimension: number | null;
    /** The lease under which its table was made; null before it is. */
    epoch: number | null;
    watermark: number;
    published_at: string | null;
  };
  /** One row per episode that was drawn; see `Draw`. Never changed. */
  draws: {
    episode_id: string;
    handbook: string;
    arm: Arm;
    holdout: number;
    withhold: number;
    candidates: string;
    withheld: number | null;
    covariates: string;
    served_tokens: number;
    seq: number;
    created_at: string;
    settles_at: string;
  };
  /** Withheld behaviors that a trace names nevertheless. */
  contaminations: { trace_id: string; handbook: string; name: string };
  /** What ranking knows of measured effects, derived from draws: `handbook` is the one that was asked. */
  lifts: { handbook: string; behavior_handbook: string; name: string; effect: number };
  /** `assignment`: what the draws are salted with. */
  secrets: { name: string; value: string };
  /** Of a key's secret only the hash; `grants` is JSON. Revoked ones stay. */
  api_keys: {
    id: string;
    name: string;
    hash: string;
    grants: string;
    created_at: string;
    expires_at: string | null;
    last_used_at: string | null;
    revoked_at: string | null;
  };
}

export type Database = Kysely<Tables>;

/** The rows of a list that a trace set is found by. */
export function traceKey(traceIds: readonly string[]): string {
  return [...new Set(traceIds)].sort().join(",");
}
