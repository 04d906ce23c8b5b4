import type { TraceRow } from "../adapters/readers/trace-row.ts";
import type { TranscriptFormat } from "../adapters/readers/transcript-formats.ts";
import type { TranscriptRead } from "../adapters/readers/transcripts.ts";
import { homeHandbook } from "../lifecycle/handbooks.ts";
import { recordTrace } from "../lifecycle/record.ts";
import type { Problem } from "../lifecycle/solve.ts";
import type { Trace } from "../model/trace.ts";
import type { Ports } from "../ports.ts";
import { problemText } from "../prompts/problem.ts";
import { impliedEvidence } from "../rules/evidence.ts";
import { digest, taskWords, traceHash } from "../rules/identity.ts";
import type { PlannedTrace } from "../rules/learning-plan.ts";

const CHARACTERS_PER_TOKEN = 4;
/** Refusals that are held: all of them but where most of a huge corpus is spoilt. */
const MOST_REFUSALS = 100_000;
/** Traces that are held where nothing is recorded: a fair share of the tasks stands for all of them. */
const MOST_HELD = 40_000;

/** What was read: of traces only what planning needs, so that any number of them fits into memory. */
export interface Corpus {
  counts: { read: number; new: number; known: number; refused: number };
  /** Traces by what they were read from. */
  formats: Partial<Record<TranscriptFormat, number>>;
  refusals: { file: string; place: string; reason: string }[];
  problems: Problem[];
  /** Each of `traces` stands for so many: 1, unless there were too many to hold. */
  each: number;
  traces(): PlannedTrace[];
  add(traces: readonly Trace[]): void;
}

/** `trace`: what is left to plan, if anything. */
type Take = (row: TraceRow) => Promise<{ trace?: PlannedTrace | undefined; isNew: boolean }>;

/** What a ledger knows of a trace by its hash; undefined where it has none. */
export type Known = (hash: string, handbook: string) => Promise<{ isReflected: boolean } | undefined>;

/** Reads rows and records their traces, as `handbook import` does. */
export function recordCorpus(
  ports: Ports,
  rows: AsyncIterable<TranscriptRead>,
  show: (counts: Corpus["counts"]) => void,
  handbook: string | undefined,
): Promise<Corpus> {
  return collect(rows, show, handbook, { most: Number.POSITIVE_INFINITY }, async (row) => {
    const { trace, isNew } = await recordTrace(ports, {
      ...row,
      handbook: handbook ?? row.handbook ?? homeHandbook(ports),
    });
    return { trace: planned(trace), isNew };
  });
}

/** Reads rows and stores nothing. A trace with secrets in it counts as new: they would have to be looked for first, which is slow. */
export function readCorpus(
  rows: AsyncIterable<TranscriptRead>,
  show: (counts: Corpus["counts"]) => void,
  { handbook: given, home, known }: { handbook?: string | undefined; home: string; known: Known },
): Promise<Corpus> {
  const seen = new Set<number>();
  const held = { most: MOST_HELD };
  return collect(rows, show, given, held, async (row) => {
    const handbook = given ?? row.handbook ?? home;
    const hash = traceHash({ ...row, handbook });
    const short = Number.parseInt(hash.slice(0, 13), 16); // as exact as a number is
    if (seen.has(short)) return { isNew: false };
    seen.add(short);
    const id = String(seen.size).padStart(12, "0");
    const evidence = row.evidence ?? impliedEvidence(row.outcome);
    const output_tokens = row.output_tokens ?? tokensOf(row.reasoning, row.answer);
    const recorded = await known(hash, handbook);
    return {
      ...(!recorded?.isReflected && { trace: planned({ ...row, id, handbook, evidence, output_tokens }) }),
      isNew: recorded === undefined,
    };
  });
}

async function collect(
  rows: AsyncIterable<TranscriptRead>,
  show: (counts: Corpus["counts"]) => void,
  handbook: string | undefined,
  { most }: { most: number },
  take: Take,
): Promise<Corpus> {
  const counts = { read: 0, new: 0, known: 0, refused: 0 };
  const formats: Corpus["formats"] = {};
  const refusals: Corpus["refusals"] = [];
  const problems = new Map<string, Problem>();
  const traces = new Map<string, PlannedTrace>();
  let each = 1;
  const isHeld = ({ task }: PlannedTrace) => Number.parseInt(task.slice(0, 8), 16) % each === 0;
  for await (const row of rows) {
    if ("trace" in row) {
      const { trace, isNew } = await take(row.trace);
      if (trace !== undefined && isHeld(trace)) traces.set(trace.id, trace);
      if (traces.size > most) {
        each *= 2;
        for (const one of traces.values()) if (!isHeld(one)) traces.delete(one.id);
      }
      formats[row.format] = (formats[row.format] ?? 0) + 1;
      counts.read++;
      counts[isNew ? "new" : "known"]++;
    } else if (row.problem !== undefined) {
      const { file, place, problem } = row;
      const task = problemText(problem);
      problems.set(task, {
        place: `${file} ${place}`,
        task,
        tokens: tokensOf(task),
        answer: problem.answer,
        choices: problem.choices,
        handbook: handbook ?? problem.handbook,
      });
    } else {
      counts.refused++;
      const { file, place, reason } = row;
      if (refusals.length < MOST_REFUSALS) refusals.push({ file, place, reason });
    }
    show(counts);
  }
  return {
    counts,
    formats,
    refusals,
    problems: [...problems.values()],
    each,
    traces: () => [...traces.values()],
    add(more) {
      for (const trace of more) traces.set(trace.id, planned(trace));
    },
  };
}

function planned({
  id,
  handbook,
  task,
  reasoning,
  answer,
  outcome,
  evidence,
  output_tokens,
}: Omit<PlannedTrace, "tokens"> & Pick<TraceRow, "reasoning" | "answer">): PlannedTrace {
  return {
    id,
    handbook,
    task: digest(taskWords(task)).slice(0, 12), // a longer slice would hold the whole
    outcome,
    evidence,
    output_tokens,
    tokens: tokensOf(task, reasoning, answer),
  };
}

function tokensOf(...texts: (string | undefined)[]): number {
  return Math.ceil(texts.reduce((sum, text) => sum + (text?.length ?? 0), 0) / CHARACTERS_PER_TOKEN);
}
