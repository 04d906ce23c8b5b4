import { terms } from "./terms.ts";

/** Words that turn an instruction around; two texts that differ in them do not say the same. */
const NEGATIONS = /\b(?:not|never|no|avoid|without|unless|don't|doesn't|cannot|instead of|rather than)\b/gi;

/**
 * Share of terms that two instructions have in common (Jaccard over distinct stems), 0 to 1; 0 when one of them
 * negates and the other does not.
 */
export function similarity(a: string, b: string): number {
  if (negates(a) !== negates(b)) return 0;
  const left = new Set(terms(a));
  const right = new Set(terms(b));
  const shared = left.intersection(right).size;
  const all = left.size + right.size - shared;
  return all === 0 ? 0 : shared / all;
}

/** Share of the terms of `part` that stand in `whole`, 0 to 1. */
export function coverage(part: string, whole: string): number {
  const wanted = new Set(terms(part));
  return wanted.size === 0 ? 1 : wanted.intersection(new Set(terms(whole))).size / wanted.size;
}

function negates(text: string): boolean {
  NEGATIONS.lastIndex = 0;
  return NEGATIONS.test(text);
}
