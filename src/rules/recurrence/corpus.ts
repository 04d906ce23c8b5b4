import type { Outcome } from "../../model/outcome.ts";
import { pairs } from "../terms.ts";
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
  key: string;
  terms: string[];
  /** Hashes of terms and of adjacent terms, ascending: what near steps share. */
  shingles: Uint32Array;
  actions: Set<string>;
  occurrences: Occurrence[];
}

/** What traces were read, and the steps that they have. Its memory is that of `mostSteps` steps, whatever is read. */
export interface Corpus {
  mostSteps: number;
  /** By their words: number, and how many traces were read. */
  problems: Map<string, { number: number; traces: number }>;
  /** Numbers given to problems so far. */
  numbers: number;
  traces: { id: string; outcome: Outcome }[];
  forms: Map<string, Form>;
  steps: number;
  /** Share of the problems that are kept: 1, or a half, a quarter, … where there were more steps than may be. */
  share: number;
}

const MOST_STEPS = 300_000; // about 300 MB
const SHOWN = 300; // characters

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
  const words = problemOf(task);
  if (!isKept(words, corpus.share)) return;
  const problem = corpus.problems.get(words) ?? { number: corpus.numbers++, traces: 0 };
  problem.traces++;
  corpus.problems.set(words, problem);
  const trace = corpus.traces.push({ id, outcome }) - 1;
  for (const step of steps) {
    const key = `${[...step.actions].sort().join("+")}: ${step.terms.join(" ")}`;
    const form = corpus.forms.get(key) ?? formOf(key, step);
    corpus.forms.set(key, form);
    const text = detached(step.text.slice(0, SHOWN));
    form.occurrences.push({ problem: problem.number, trace, at: step.at, tokens: step.tokens, text });
  }
  corpus.steps += steps.length;
  while (corpus.steps > corpus.mostSteps && corpus.problems.size > 1) halve(corpus);
}

function formOf(key: string, { terms, actions }: Procedure): Form {
  const shingles = new Set([...terms, ...pairs(terms)].map(hashOf));
  return { key, terms, actions, shingles: Uint32Array.from(shingles).sort(), occurrences: [] };
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

/** A copy: in V8 a slice keeps the whole text alive that it was cut from. */
function detached(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}
