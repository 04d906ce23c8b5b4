import type { Outcome } from "../../model/outcome.ts";
import { digest } from "../identity.ts";
import { hashOf, mix } from "./minhash.ts";
import { type Procedure, problemOf } from "./procedures.ts";

/** One place where a step stands. */
export interface Occurrence {
  problem: number;
  trace: number;
  at: number;
  tokens: number;
  /** Its beginning, for people. */
  text: string;
}

/** All steps of one normal form. */
export interface Form {
  /** What it does and its terms in order, as `keyOf` writes them. */
  key: string;
  occurrences: Occurrence[];
}

/**
 * What traces were read, and the steps that they have. Its memory is that of `mostSteps` steps, about a kilobyte each, and
 * of the ids of traces, however long these are.
 */
export interface Corpus {
  mostSteps: number;
  /** By a digest of their words: number, and how many traces were read. */
  problems: Map<string, { number: number; traces: number }>;
  /** Numbers given to problems so far. */
  numbers: number;
  traces: { id: string; outcome: Outcome }[];
  forms: Map<string, Form>;
  steps: number;
  /** Share of the problems that are kept: 1, or a half, a quarter, … where there were more steps than may be. */
  share: number;
}

const MOST_STEPS = 200_000;
const SHOWN = 240; // characters

export function startCorpus(mostSteps = MOST_STEPS): Corpus {
  return { mostSteps, problems: new Map(), numbers: 0, traces: [], forms: new Map(), steps: 0, share: 1 };
}

/**
 * Adds a trace. When there are more steps than may be, half of the problems are left out with all they have, by a hash of
 * their words: what is left is whole problems, and the same ones in whatever order traces come.
 */
export function take(
  corpus: Corpus,
  { id, task, outcome }: { id: string; task: string; outcome: Outcome },
  steps: readonly (Procedure & { tokens: number })[],
): void {
  const words = digest(problemOf(task));
  if (!isKept(words, corpus.share)) return;
  const problem = corpus.problems.get(words) ?? { number: corpus.numbers++, traces: 0 };
  problem.traces++;
  corpus.problems.set(words, problem);
  const trace = corpus.traces.push({ id, outcome }) - 1;
  for (const step of steps) {
    const key = keyOf(step);
    const form = corpus.forms.get(key) ?? { key, occurrences: [] };
    corpus.forms.set(key, form);
    const text = detached(step.text.slice(0, SHOWN));
    form.occurrences.push({ problem: problem.number, trace, at: step.at, tokens: step.tokens, text });
  }
  corpus.steps += steps.length;
  while (corpus.steps > corpus.mostSteps && corpus.problems.size > 1) halve(corpus);
}

function keyOf({ actions, terms }: Procedure): string {
  return detached(`${[...actions].sort().join("+")}\t${terms.join(" ")}`);
}

/** What stands in the key of a form. */
export function partsOf({ key }: Form): { actions: string[]; terms: string[] } {
  const [actions = "", terms = ""] = key.split("\t");
  return { actions: actions.split("+"), terms: terms.split(" ") };
}

function halve(corpus: Corpus): void {
  corpus.share /= 2;
  const kept = new Set<number>();
  for (const [words, { number }] of corpus.problems) {
    if (isKept(words, corpus.share)) kept.add(number);
    else corpus.problems.delete(words);
  }
  corpus.steps = 0;
  for (const [key, form] of corpus.forms) {
    form.occurrences = form.occurrences.filter(({ problem }) => kept.has(problem));
    corpus.steps += form.occurrences.length;
    if (form.occurrences.length === 0) corpus.forms.delete(key);
  }
}

function isKept(words: string, share: number): boolean {
  return mix(hashOf(words)) < share * 2 ** 32;
}

/** A copy: in V8 a slice keeps the whole text alive that it was cut from, and a sum all its parts. */
function detached(text: string): string {
  return Buffer.from(text).toString();
}
