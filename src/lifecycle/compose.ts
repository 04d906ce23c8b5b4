import { type Behavior, behaviorId } from "../model/behavior.ts";
import type { Trace } from "../model/trace.ts";
import type { Ports } from "../ports.ts";
import { solveText } from "../prompts/solve.ts";
import { type Reply, replyOf } from "../rules/training/reply.ts";

/**
 * How a reply came about, and what prompt it is trained on.
 * `plain`: written without behaviors; the problem alone. The control.
 * `behaviors`: written with behaviors in the prompt; the problem alone. Behavior-conditioned SFT of arXiv:2509.13237.
 * `behaviors-in-prompt`: the same replies; the prompt holds the behaviors too. Teaches to use a handbook.
 */
export type Version = "plain" | "behaviors" | "behaviors-in-prompt";

/** A row to be written, in ids: its texts are read when it is. */
export interface PlannedRow {
  /** Its traces: one for each version, or the chosen and the rejected one. */
  traces: readonly string[];
  /** Why the one is chosen. */
  why?: string;
}

/** One row as it is to be written. */
export interface TrainingRow {
  prompt: string;
  replies: Reply[];
  traces: Trace[];
  why?: string;
}

/** The rows of a collection in one version, one at a time. */
export async function* trainingRows(
  { ledger }: Pick<Ports, "ledger">,
  rows: readonly PlannedRow[],
  versions: readonly Version[],
  version: Version | undefined,
): AsyncGenerator<TrainingRow> {
  const one = version === undefined ? -1 : versions.indexOf(version);
  for (const { traces: ids, why } of rows) {
    const traces = await ledger.traces(versions.length > 1 && one >= 0 ? ids.slice(one, one + 1) : ids);
    const [first] = traces;
    if (first === undefined) continue;
    const behaviors = version === "behaviors-in-prompt" ? await servedTo(ledger, first) : [];
    const prompt = behaviors.length > 0 ? solveText(first.task, behaviors) : first.task;
    yield { prompt, replies: traces.map(replyOf), traces, ...(why && { why }) };
  }
}

/** The behaviors that were in the prompt of a trace, in the wording of then and the order of their serving. */
export async function servedTo(ledger: Ports["ledger"], { episode_id }: Trace): Promise<Behavior[]> {
  if (episode_id === undefined) return [];
  const latest = new Map((await ledger.servedInEpisode(episode_id)).map((one) => [behaviorId(one), one]));
  const behaviors: Behavior[] = [];
  for (const { handbook, name, revision } of latest.values()) {
    const revisions = await ledger.revisions({ handbook, name });
    behaviors.push(...revisions.filter((one) => one.revision === revision));
  }
  return behaviors;
}
