import type { IndexDocument } from "../../ports.ts";
import type { Analyzed, Lengths } from "./lexical-block.ts";

/** The rules that the index applies, handed in by the composition: an adapter holds data, not decisions. */
export interface LexicalRules {
  terms(text: string): string[];
  pairs(sequence: readonly string[]): string[];
  idf(n: number, df: number): number;
  termGain(counts: TermCounts, lengths: FieldLengths, means: { name: number; when: number }): number;
  taskTerms(text: string): { terms: ReadonlyMap<string, number>; pairs: ReadonlyMap<string, number> };
  chanceGain(tasks: number, weights: number): number;
  fit(score: number, strengths: readonly number[]): number;
  pairWeight: number;
  /**
   * Which terms of a long history are worth keeping; absent: those that are rare in the index when a behavior comes in. With it
   * an index is the same whenever it is built.
   */
  rarity?(term: string): number;
}
export type TermCounts = { name: number; when: number; body: number; solved: number };
export type FieldLengths = { name: number; when: number; body: number };

const SOLVED_TERMS = 64; // the rarest terms of the solved tasks; more of them is noise (recipe R1)

/** Takes a behavior apart. `rarity` tells which terms of a long history are worth keeping. */
export function analyze(
  rules: LexicalRules,
  document: IndexDocument,
  rarity: (term: string) => number,
): Analyzed {
  const { terms, pairs } = rules;
  const name = terms(document.name.replace(/^behavior_/, "").replaceAll("_", " "));
  const when = terms(`${document.when} ${document.keywords.join(" ")}`);
  const body = terms(`${document.instruction} ${document.detail ?? ""}`);
  const namePairs = pairs(name);
  const whenPairs = pairs(when);
  const counts = new Map<string, number>();
  const count = (list: Iterable<string>, field: keyof TermCounts) => {
    for (const term of list) counts.set(term, increased(counts.get(term) ?? 0, field));
  };
  count(name, "name");
  count(when, "when");
  count(body, "body");
  count(namePairs, "name");
  count(whenPairs, "when");
  for (const task of document.solved_tasks) count(new Set(terms(task)), "solved");
  dropCommonSolvedTerms(counts, rarity);
  const lengths: Lengths = {
    name: name.length,
    when: when.length,
    body: body.length,
    namePairs: namePairs.length,
    whenPairs: whenPairs.length,
    tasks: document.solved_tasks.length,
  };
  return { name: document.name, topic: document.topic?.toLowerCase(), counts, lengths };
}

function dropCommonSolvedTerms(counts: Map<string, number>, rarity: (term: string) => number): void {
  const { most } = FIELDS.solved;
  const solved = [...counts].filter(([, packed]) => (packed & most) > 0);
  if (solved.length <= SOLVED_TERMS) return;
  const worth = new Map(solved.map(([term, packed]) => [term, (packed & most) * rarity(term)]));
  solved.sort(([a], [b]) => (worth.get(b) ?? 0) - (worth.get(a) ?? 0));
  for (const [term, packed] of solved.slice(SOLVED_TERMS)) {
    const rest = packed & ~most;
    if (rest > 0) counts.set(term, rest);
    else counts.delete(term);
  }
}

// 5, 7, 12 and 6 bits. A field that repeats a term more often than fits is not more relevant for it.
const FIELDS = {
  name: { shift: 25, most: 31 },
  when: { shift: 18, most: 127 },
  body: { shift: 6, most: 4095 },
  solved: { shift: 0, most: 63 },
};

function increased(counts: number, field: keyof TermCounts): number {
  const { shift, most } = FIELDS[field];
  return ((counts >>> shift) & most) < most ? counts + (1 << shift) : counts;
}

/** Whether it is more than the solved tasks that hold the term. */
export function isInOwnText(counts: number): boolean {
  return counts >>> FIELDS.body.shift > 0;
}

/** Writes packed counts into `into`, which a loop can use again. */
export function unpackCounts(counts: number, into: TermCounts): void {
  into.name = counts >>> FIELDS.name.shift;
  into.when = (counts >>> FIELDS.when.shift) & FIELDS.when.most;
  into.body = (counts >>> FIELDS.body.shift) & FIELDS.body.most;
  into.solved = counts & FIELDS.solved.most;
}
