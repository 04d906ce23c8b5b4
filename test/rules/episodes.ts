import type { Episode } from "../../src/model/episode.ts";

/** An episode with both arms possible; what a test does not name is like this. */
export function episode(fields: Partial<Episode> = {}): Episode {
  return {
    id: "e",
    at: 0,
    arm: "served",
    holdout: 0.1,
    withhold: 0,
    candidates: ["default/behavior_a"],
    covariates: { task_tokens: 400, behaviors: 1, best_fit: 0.5, similar: 0 },
    served_tokens: 100,
    returned: true,
    outcome: "unknown",
    evidence: "none",
    cited: [],
    ...fields,
  };
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function gaussian(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
