import type { Corpus, Form, Occurrence } from "./corpus.ts";
import { neighborsOf } from "./near.ts";

/** A reasoning step that came back across problems. */
export interface Recurrence {
  /** Its most typical wording, the shortest of them. */
  step: string;
  /** The normal form of that wording. */
  terms: string[];
  actions: string[];
  /** Distinct problems, by their words: samples and models of one problem are one. */
  problems: number;
  occurrences: number;
  /** Of one occurrence. */
  median_tokens: number;
  /** Of all occurrences together. */
  tokens: number;
  /** See `tokensAtStake`. */
  tokens_at_stake: number;
  /** Ids of the traces that have it: one of each problem first, then the others. */
  trace_ids: string[];
  /** How these traces ended. */
  outcomes: { success: number; failure: number; unknown: number };
  /** One of each problem, at most five. `at`: where it begins in the reasoning, in characters. */
  examples: { trace_id: string; at: number; tokens: number; text: string }[];
}

const MOST_EXAMPLES = 5;
/** A step of more than half of the problems is how a model talks, where there are enough problems to tell. */
const STYLE = 0.5;
const ENOUGH_TO_TELL = 20;
const FORMS_PER_TURN = 1000;

/**
 * The steps that come back across at least `minProblems` different problems, most tokens at stake first. The same traces in
 * another order give the same groups.
 *
 * Groups are stars: the form with most problems around it takes all that are near it, then the next of those left. So every
 * member is near the middle, and no chain of small differences joins two different steps. Source: Aslam, Pelekhov & Rus
 * 2004, "The Star Clustering Algorithm for Static and Dynamic Information Organization".
 */
export function* recurrences(corpus: Corpus, minProblems = 2): Generator<undefined, Recurrence[]> {
  const forms = [...corpus.forms.values()]
    .map((form) => ({ form, problems: new Set(form.occurrences.map(({ problem }) => problem)) }))
    .sort((a, b) => b.problems.size - a.problems.size || (a.form.key < b.form.key ? -1 : 1));
  const near = yield* neighborsOf(forms.map(({ form }) => form));
  const around: number[] = [];
  for (const [place, { problems }] of forms.entries()) {
    if (place % FORMS_PER_TURN === 0) yield;
    const all = new Set(problems);
    for (const other of near[place] ?? [])
      for (const problem of forms[other]?.problems ?? []) all.add(problem);
    around.push(all.size);
  }
  const centers = forms.map((_, place) => place).sort((a, b) => (around[b] ?? 0) - (around[a] ?? 0) || a - b);
  const tracesOf = new Map(corpus.problems.values().map(({ number, traces }) => [number, traces]));
  const isTaken = new Set<number>();
  const found: Recurrence[] = [];
  for (const [turn, center] of centers.entries()) {
    if (turn % FORMS_PER_TURN === 0) yield;
    if (isTaken.has(center)) continue;
    const members = [center, ...(near[center] ?? []).filter((place) => !isTaken.has(place))];
    for (const place of members) isTaken.add(place);
    const group = members.flatMap((place) => forms[place]?.form ?? []);
    const made = recurrenceOf(corpus, group, tracesOf);
    if (made !== undefined && made.problems >= Math.max(2, minProblems)) found.push(made);
  }
  return found.sort(
    (a, b) => b.tokens_at_stake - a.tokens_at_stake || b.problems - a.problems || (a.step < b.step ? -1 : 1),
  );
}

function recurrenceOf(
  { traces, problems: all }: Corpus,
  forms: readonly Form[],
  tracesOf: ReadonlyMap<number, number>,
): Recurrence | undefined {
  const [center] = forms;
  if (center === undefined) return undefined;
  const id = ({ trace }: Occurrence) => traces[trace]?.id ?? "";
  const order = (a: Occurrence, b: Occurrence) => (id(a) < id(b) ? -1 : id(a) > id(b) ? 1 : a.at - b.at);
  const occurrences = forms.flatMap((form) => form.occurrences).sort(order);
  const byProblem = Map.groupBy(occurrences, ({ problem }) => problem);
  if (byProblem.size < 2) return undefined;
  if (all.size >= ENOUGH_TO_TELL && byProblem.size > STYLE * all.size) return undefined;
  const firsts = byProblem.values().flatMap((those) => those.slice(0, 1));
  const examples = [...firsts].sort(order);
  const ids = new Set([...examples, ...occurrences].map(({ trace }) => trace));
  const tokens = occurrences.map((occurrence) => occurrence.tokens);
  const outcomes = { success: 0, failure: 0, unknown: 0 };
  for (const trace of ids) outcomes[traces[trace]?.outcome ?? "unknown"]++;
  return {
    step: center.occurrences.map(({ text }) => text).reduce(shorter),
    terms: center.terms,
    actions: [...center.actions].sort(),
    problems: byProblem.size,
    occurrences: occurrences.length,
    median_tokens: median(tokens),
    tokens: sum(tokens),
    tokens_at_stake: tokensAtStake(
      [...byProblem].map(([problem, those]) => ({
        tokens: sum(those.map((occurrence) => occurrence.tokens)),
        traces: tracesOf.get(problem) ?? 1,
      })),
    ),
    trace_ids: [...ids].map((trace) => traces[trace]?.id ?? ""),
    outcomes,
    examples: examples
      .slice(0, MOST_EXAMPLES)
      .map((one) => ({ trace_id: id(one), at: one.at, tokens: one.tokens, text: one.text })),
  };
}

/**
 * The tokens that a step costs again: what one attempt at each problem spends on it, but for the problem that spends most,
 * which had to work it out. An attempt at a problem spends the mean over all its traces, those without the step too, so
 * that a hundred samples of a problem weigh as much as one. It bounds from above what a behavior can save: whoever uses
 * one still has to name it, and to do the work on the numbers at hand.
 */
export function tokensAtStake(problems: readonly { tokens: number; traces: number }[]): number {
  const spent = problems.map(({ tokens, traces }) => tokens / traces);
  return Math.round(sum(spent) - Math.max(0, ...spent));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function shorter(a: string, b: string): string {
  return b.length < a.length || (b.length === a.length && b < a) ? b : a;
}
