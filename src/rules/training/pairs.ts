/** A reply to a problem, and its length in tokens. */
export interface Measured {
  id: string;
  tokens: number;
}

export interface Preference {
  chosen: string;
  rejected: string;
  why: "correct over wrong" | "short over long";
}

/** So that a problem that was tried often does not outweigh the others. */
const MAX_PAIRS = 8; // of each kind and problem

/**
 * Pairs of replies to one problem of which the first is to be preferred.
 *
 * Correct over wrong: each wrong reply once, against the correct ones in turn, shortest first. Short over long, both correct:
 * the shortest against the longest, the next against the next, as long as the chosen one is shorter by `margin` (0 to 1);
 * each reply at most once.
 */
export function preferences(
  correct: readonly Measured[],
  wrong: readonly Measured[],
  margin: number,
): Preference[] {
  const byLength = correct.toSorted((a, b) => a.tokens - b.tokens || (a.id < b.id ? -1 : 1));
  const found: Preference[] = [];
  if (byLength.length > 0) {
    for (const [i, { id }] of wrong.slice(0, MAX_PAIRS).entries()) {
      const chosen = byLength[i % byLength.length]?.id ?? "";
      found.push({ chosen, rejected: id, why: "correct over wrong" });
    }
  }
  for (let i = 0; i < Math.min(MAX_PAIRS, Math.floor(byLength.length / 2)); i++) {
    const [short, long] = [byLength[i], byLength[byLength.length - 1 - i]];
    if (short === undefined || long === undefined || short.tokens > long.tokens * (1 - margin)) break;
    found.push({ chosen: short.id, rejected: long.id, why: "short over long" });
  }
  return found;
}
