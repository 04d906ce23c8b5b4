import { wordWeight } from "./common-words.ts";
import { isStopWord, isTerm, pairs, stem, words } from "./terms.ts";

/** What of a task is searched for, each with its weight, 0 to 1. */
export interface TaskTerms {
  terms: Map<string, number>;
  pairs: Map<string, number>;
}

// A fifth of the words of plain English are stop words even where it is terse; logs, code and tables have next to none.
const STOP_WORDS_IN_PROSE = 0.2;
const LEAST_LINE_WEIGHT = 0.2;

/**
 * The unique terms and pairs of a task. A term weighs as much as it tells in English at large (`wordWeight`), times the weight
 * of the best line that holds it: lines without stop words beside lines with them are pasted logs or code, and count
 * for a fifth. A pair weighs as much as the lesser line of its two terms.
 *
 * Source: docs/decisions/0004.
 */
export function taskTerms(text: string): TaskTerms {
  const sequence: string[] = [];
  const lines = new Map<string, number>();
  for (const line of text.split("\n")) {
    const all = words(line);
    const weight = lineWeight(line, all);
    for (const word of all) {
      if (!isTerm(word)) continue;
      const term = stem(word);
      sequence.push(term);
      lines.set(term, Math.max(lines.get(term) ?? 0, weight));
    }
  }
  // A task that is all formula or all code is compared with itself only.
  const best = lines.values().reduce((most, weight) => Math.max(most, weight), LEAST_LINE_WEIGHT);
  const ofLine = (term: string) => (lines.get(term) ?? best) / best;
  const pairWeights = new Map<string, number>();
  const all = pairs(sequence);
  for (const [at, pair] of all.entries()) {
    pairWeights.set(pair, Math.min(ofLine(sequence[at] ?? ""), ofLine(sequence[at + 1] ?? "")));
  }
  return {
    terms: new Map(lines.keys().map((term) => [term, wordWeight(term) * ofLine(term)])),
    pairs: pairWeights,
  };
}

function lineWeight(line: string, all: readonly string[]): number {
  // The stop words are English; of other languages nothing is known, so they count in full.
  if (/[^\0-\x7f]/.test(line) && /[\p{L}--[A-Za-z]]/v.test(line)) return 1;
  const share = all.filter(isStopWord).length / Math.max(1, all.length);
  return Math.min(1, Math.max(LEAST_LINE_WEIGHT, share / STOP_WORDS_IN_PROSE));
}
