import { behaviorId, compareKeys } from "../model/behavior.ts";
import type { Hit, Neighbor } from "../ports.ts";

/** Weight of the cosine beside the lexical score, which is 1 for the best hit. Measured: docs/decisions/0008. */
const MEANING_WEIGHT = 1.2;
/** How far a solved task that is nearer than the behavior's own text raises its cosine: 1 would be all the way. */
const SOLVED_SHARE = 0.5;
/** The cosine at which a behavior is as likely to have to do with the task as not, and how fast that changes. */
const HALF_FIT = 0.7;
const FIT_SLOPE = 15;

/**
 * One ranking out of what was found by words and by meaning: a convex combination of the scores themselves,
 * `lexical / best lexical + 1.2 · cosine`, best first, ties by handbook and name.
 *
 * Ranks are not fused: a behavior that one source alone sees would get nothing from the other, and reciprocal rank
 * fusion of the same two sources lost up to 0.23 nDCG@10 where this one lost none. Here each behavior has both
 * scores: the lexical one of what the words did not find is truly 0, and the index by meaning judges all that the
 * words found. Source: Bruch, Gai & Ingber 2023, "An Analysis of Fusion Functions for Hybrid Retrieval", §3.
 */
export function fuse(hits: readonly Hit[], neighbors: readonly Neighbor[]): Hit[] {
  const best = Math.max(0, ...hits.map(({ score }) => score));
  const lexical = new Map(hits.map((hit) => [behaviorId(hit), hit]));
  const near = new Map(neighbors.map((neighbor) => [behaviorId(neighbor), neighbor]));
  const found = new Map([...hits, ...neighbors].map((key) => [behaviorId(key), key]));
  const fused = [...found].map(([key, { handbook, name }]): Hit => {
    const hit = lexical.get(key);
    const cosine = meaning(near.get(key));
    const words = hit === undefined || best === 0 ? 0 : hit.score / best;
    return {
      handbook,
      name,
      score: words + MEANING_WEIGHT * cosine,
      fit: Math.max(hit?.fit ?? 0, 1 / (1 + Math.exp(FIT_SLOPE * (HALF_FIT - cosine)))),
    };
  });
  return fused.sort((a, b) => b.score - a.score || compareKeys(a, b));
}

function meaning(neighbor: Neighbor | undefined): number {
  if (neighbor === undefined) return 0;
  const { similarity, solved = similarity } = neighbor;
  return Math.max(0, similarity + SOLVED_SHARE * Math.max(0, solved - similarity));
}
