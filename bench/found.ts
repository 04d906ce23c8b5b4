// How good a ranked list is, and how sure that is.

import { mean } from "../src/rules/bootstrap.ts";

export const DEPTH = 10;

/** Of one ranked list, each 0 to 1. */
export interface Scores {
  ndcg10: number;
  recall10: number;
  hit1: number;
  mrr: number;
}
export const MEASURES = ["ndcg10", "recall10", "hit1", "mrr"] as const satisfies (keyof Scores)[];

/**
 * Of the first ten: the gain of a document is its relevance, discounted by log2(place + 1) and divided by that of the
 * best order; `mrr` is 1 / place of the first relevant one.
 *
 * Source: Järvelin and Kekäläinen 2002, "Cumulated Gain-Based Evaluation of IR Techniques" (nDCG).
 */
export function scoresOf(ranked: readonly string[], relevant: ReadonlyMap<string, number>): Scores {
  const first = ranked.slice(0, DEPTH);
  const gains = first.map((id) => relevant.get(id) ?? 0);
  const ideal = [...relevant.values()].sort((a, b) => b - a).slice(0, DEPTH);
  const place = gains.findIndex((gain) => gain > 0);
  return {
    ndcg10: discounted(gains) / discounted(ideal),
    recall10: gains.filter((gain) => gain > 0).length / relevant.size,
    hit1: place === 0 ? 1 : 0,
    mrr: place < 0 ? 0 : 1 / (place + 1),
  };
}

function discounted(gains: readonly number[]): number {
  return gains.reduce((sum, gain, i) => sum + gain / Math.log2(i + 2), 0);
}

export function meanScores(scores: readonly Scores[]): Scores {
  const [ndcg10, recall10, hit1, mrr] = MEASURES.map((measure) => mean(scores.map((one) => one[measure])));
  return { ndcg10: ndcg10 ?? 0, recall10: recall10 ?? 0, hit1: hit1 ?? 0, mrr: mrr ?? 0 };
}

/** How often a value of the first list is above one of the second, ties by half: the area under the ROC curve. */
export function areaUnderRoc(above: readonly number[], below: readonly number[]): number {
  let wins = 0;
  for (const a of above) for (const b of below) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (above.length * below.length);
}
