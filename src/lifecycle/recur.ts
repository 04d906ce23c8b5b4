import { setImmediate } from "node:timers/promises";
import type { Trace } from "../model/trace.ts";
import type { LedgerReads, Ports } from "../ports.ts";
import { fitting, rank } from "../rules/ranking.ts";
import { startCorpus, take } from "../rules/recurrence/corpus.ts";
import { coveredBy } from "../rules/recurrence/covered.ts";
import { type Recurrence, recurrences } from "../rules/recurrence/groups.ts";
import { proceduresOf } from "../rules/recurrence/procedures.ts";
import { homeHandbook, searchedHandbooks } from "./handbooks.ts";

/** What of a trace the stage reads; the id may be any name of the trace, such as its place in a file. */
export type TraceToRead = Pick<Trace, "id" | "task" | "reasoning" | "outcome">;

/** A recurring step, and the behavior (`handbook/name`) that tells it already, if one does. */
export type KnownRecurrence = Recurrence & { covered_by?: string };

export interface RecurrenceReport {
  traces: number;
  problems: number;
  /** Steps that tell how something is done, of all traces. */
  steps: number;
  /** Share of the problems that were compared: 1 unless there were more steps than memory has room for. */
  share: number;
  /** Most tokens at stake first. */
  groups: KnownRecurrence[];
}

export interface RecurrenceRequest {
  /** Whose behaviors may cover a step, starters included. Default: the one that is written to. */
  handbook?: string | undefined;
  /** A step of fewer distinct problems is none; 2 at least. */
  minProblems?: number | undefined;
}

const IDS_PER_PAGE = 1000;
const TRACES_PER_PAGE = 20; // of up to 2 MB each
const LOOKED_AT = 10; // behaviors that may cover a step

/**
 * Finds the reasoning steps that come back across different problems, in the memory of the steps, not of the traces, and
 * lets others work in between. How steps are cut, normalized and grouped: docs/decisions/0012.
 */
export async function recur(
  ports: Pick<Ports, "ledger" | "index" | "tokenizer" | "settings">,
  traces: AsyncIterable<TraceToRead>,
  { handbook = homeHandbook(ports), minProblems }: RecurrenceRequest = {},
): Promise<RecurrenceReport> {
  const corpus = startCorpus();
  const counts = { traces: 0, steps: 0 };
  for await (const { id, task, reasoning, outcome } of traces) {
    const steps = [];
    for (const step of proceduresOf(task, reasoning)) {
      steps.push({ ...step, tokens: await ports.tokenizer.count(step.text) });
    }
    take(corpus, { id, task, outcome }, steps);
    counts.traces++;
    counts.steps += steps.length;
    await setImmediate();
  }
  const grouping = recurrences(corpus, minProblems);
  let state = grouping.next();
  for (; !state.done; state = grouping.next()) await setImmediate();
  const searched = await searchedHandbooks(ports, handbook);
  const groups: KnownRecurrence[] = [];
  for (const group of state.value) {
    const covered_by = await covering(ports, searched, group);
    groups.push({ ...group, ...(covered_by !== undefined && { covered_by }) });
    await setImmediate();
  }
  const problems = Math.round(corpus.problems.size / corpus.share);
  return { ...counts, problems, share: corpus.share, groups };
}

/** The traces of a handbook, oldest first, in the memory of a page. */
export async function* tracesOf(
  ledger: Pick<LedgerReads, "tracesAfter" | "traces">,
  handbook: string,
): AsyncGenerator<TraceToRead> {
  for (let after = ""; ; ) {
    const ids = (await ledger.tracesAfter(after, IDS_PER_PAGE, { handbook })).map(({ id }) => id);
    for (let from = 0; from < ids.length; from += TRACES_PER_PAGE) {
      yield* await ledger.traces(ids.slice(from, from + TRACES_PER_PAGE));
    }
    const last = ids.at(-1);
    if (last === undefined || ids.length < IDS_PER_PAGE) return;
    after = last;
  }
}

/**
 * What to reflect on first: the recurring steps of a handbook's traces that no behavior tells yet, most tokens at stake
 * first, and then those that one tells. The first `problems` ids of a group's `trace_ids` are traces of as many different
 * problems, so `trace_ids.slice(0, n)` is what one reflection across problems looks at.
 */
export async function groupsByStake(
  ports: Pick<Ports, "ledger" | "index" | "tokenizer" | "settings">,
  handbook: string,
  request: Pick<RecurrenceRequest, "minProblems"> = {},
): Promise<KnownRecurrence[]> {
  const { groups } = await recur(ports, tracesOf(ports.ledger, handbook), { ...request, handbook });
  const [covered, open] = [true, false].map((is) =>
    groups.filter(({ covered_by }) => (covered_by !== undefined) === is),
  );
  return [...(open ?? []), ...(covered ?? [])];
}

/** As a retrieval would find it: by the step's words, without its formulas. */
async function covering(
  { ledger, index }: Pick<Ports, "ledger" | "index">,
  handbooks: readonly string[],
  group: Recurrence,
): Promise<string | undefined> {
  const { hits } = await index.search({ text: group.says, handbooks, limit: LOOKED_AT });
  const fit = fitting(hits, false);
  const behaviors = fit.length === 0 ? [] : await ledger.behaviorsByKey(fit);
  const options = { handbook: handbooks[0] ?? "", alreadyHave: [], limit: LOOKED_AT };
  return coveredBy(
    group,
    rank(fit, behaviors, options).map(({ behavior }) => behavior),
  );
}
