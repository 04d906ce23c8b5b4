import { quantile } from "../bootstrap.ts";
import { withoutPurpose } from "./actions.ts";
import { type Corpus, type Form, type Occurrence, partsOf } from "./corpus.ts";
import { hashOf } from "./minhash.ts";
import { neighborsOf } from "./near.ts";
import { normalForm } from "./normal-form.ts";
import { stepsOf } from "./steps.ts";

/** A reasoning step that came back across problems. */
export interface Recurrence {
  /** Its most typical wording, the shortest of them, as it stands. */
  step: string;
  /** The words of it: what it is for and its formulas left out. */
  says: string;
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
  const forms: { form: Form; problems: number[]; hash: number }[] = [];
  for (const form of corpus.forms.values()) {
    if (forms.length % FORMS_PER_TURN === 0) yield;
    const problems = [...new Set(form.occurrences.map(({ problem }) => problem))];
    forms.push({ form, problems, hash: hashOf(form.key) });
  }
  // The commonest first, then the shortest; the hash only makes it an order that is always the same.
  forms.sort(
    (a, b) =>
      b.problems.length - a.problems.length ||
      a.form.key.length - b.form.key.length ||
      a.hash - b.hash ||
      (a.form.key < b.form.key ? -1 : 1),
  );
  yield;
  const near = yield* neighborsOf(forms.map(({ form }) => form));
  const around = new Uint32Array(forms.length);
  for (const [place, { problems }] of forms.entries()) {
    if (place % FORMS_PER_TURN === 0) yield;
    const all = new Set(problems);
    for (const other of near[place] ?? [])
      for (const problem of forms[other]?.problems ?? []) all.add(problem);
    around[place] = all.size;
  }
  const centers = forms.map((_, place) => place).sort((a, b) => (around[b] ?? 0) - (around[a] ?? 0) || a - b);
  const tracesOf = new Map(corpus.problems.values().map(({ number, traces }) => [number, traces]));
  yield;
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
  const step = center.occurrences.map(({ text }) => text).reduce(shorter);
  const parts = partsOf(center);
  return {
    step,
    says: saidBy(step, parts.terms),
    ...parts,
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
  return quantile(
    numbers.toSorted((a, b) => a - b),
    0.5,
  );
}

function saidBy(step: string, { length }: readonly string[]): string {
  const [words = step] = stepsOf(step).map((cut) => withoutPurpose(cut.words));
  const [head = words] = words.split(/:\s/); // what follows a colon is the work, unless the step is in it
  return (normalForm(head, new Set()).length < length ? words : head)
    .replace(/[\s\uE000]*\uE000[\s\uE000]*/g, " … ")
    .replace(/\*\*|[\s…:,.(]+$/g, "")
    .trim();
}

function shorter(a: string, b: string): string {
  return b.length < a.length || (b.length === a.length && b < a) ? b : a;
}
