import { similarity } from "../similarity.ts";
import { terms } from "../terms.ts";

/** From this share of common terms on, two replies to a problem teach the same. */
const NEAR_DUPLICATE = 0.9;

/** Of replies to one problem, those already taken. */
export interface Taken {
  text: string;
  terms: Set<string>;
}

/** Takes a reply in and answers undefined, or says which kind of duplicate of an earlier one it is. */
export function takeDistinct(taken: Taken[], text: string): "same" | "near" | undefined {
  const mine = new Set(terms(text));
  for (const other of taken) {
    if (other.text === text) return "same";
    // `similarity` makes the terms anew, so it is asked only where they agree.
    const shared = mine.intersection(other.terms).size;
    const all = mine.size + other.terms.size - shared;
    if (shared >= all * NEAR_DUPLICATE && similarity(text, other.text) >= NEAR_DUPLICATE) return "near";
  }
  taken.push({ text, terms: mine });
  return undefined;
}
