/** Bounds of what a measured lift may do to a score: what fits a task stays the first reason to serve it. */
const LEAST = 0.7;
const MOST = 1.4;

/** How much of the measured lift counts. Chosen by bench/coverage.ts (its regret). */
const STRENGTH = 5;

/**
 * A score of retrieval with the measured lift taken in: score × exp(-λ·shrunk), the factor between 0.7 and 1.4.
 *
 * `shrunk` is `BehaviorLift.shrunk`, on log tokens against the mean of all behaviors; so 0, for what nobody measured, changes
 * nothing, and a handbook whose behaviors all help alike keeps its order.
 */
export function withLift(score: number, shrunk: number, strength = STRENGTH): number {
  const factor = Math.min(MOST, Math.max(LEAST, Math.exp(-strength * shrunk)));
  return score < 0 ? score / factor : score * factor;
}

/**
 * The first `limit` of a ranked list, with at most half of the places for behaviors on probation, as long as there are
 * others to fill them; so the untried get their turn and never the whole list. The order is kept.
 */
export function withProbationShare<T>(
  ranked: readonly T[],
  isOnProbation: (ranked: T) => boolean,
  limit: number,
): T[] {
  const tried = ranked.filter((item) => !isOnProbation(item)).length;
  let places = Math.max(Math.floor(limit / 2), limit - tried);
  return ranked.filter((item) => !isOnProbation(item) || places-- > 0).slice(0, limit);
}
