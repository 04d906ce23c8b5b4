import type { Episode } from "../src/model/episode.ts";
import { draw } from "../src/rules/assignment.ts";
import { behaviorLifts } from "../src/rules/lift/behavior-effect.ts";
import { startMeter, take } from "../src/rules/lift/meter.ts";
import { random } from "../src/rules/random.ts";
import { withLift } from "../src/rules/ranking-lift.ts";
import { chosen, gaussian } from "./simulated-tasks.ts";

/** Mean regret per task of each stretch of episodes, in log tokens: what was served cost that much more than the best four. */
export interface Regret {
  episodes: number[];
  similarity: number[];
  lift: number[];
}

const BEHAVIORS = 30;
const HITS = 12;
const SERVED = 4;
const CHANCES = { holdout: 0.1, withhold: 0.1 };
const RESIDUAL = 0.67;
const STRETCH = 250;

/**
 * Two rankings over the same tasks: by similarity alone, and with what its own episodes measured. A behavior's effect on a
 * task is its own times how relevant it truly is, which similarity tells with noise; a fifth of them harm.
 */
export function regretOf(episodes: number, seed: number, strength?: number): Regret {
  const next = random(seed);
  const normal = () => gaussian(next);
  const own = Array.from({ length: BEHAVIORS }, () => -0.1 + 0.12 * normal());
  const meter = startMeter({ points: 2 });
  let shrunk = new Map<string, number>();
  const regret: Regret = { episodes: [], similarity: [], lift: [] };
  let [bySimilarity, byLift] = [0, 0];
  for (let i = 0; i < episodes; i++) {
    const hits = chosen(BEHAVIORS, HITS, next).map((place) => {
      const relevance = 0.3 + 0.7 * next();
      const name = `default/behavior_${place}`;
      const score = Math.max(0.05, relevance + 0.15 * normal());
      return { name, score, effect: relevance * (own[place] ?? 0) };
    });
    const best = total(hits.toSorted((a, b) => a.effect - b.effect));
    const similar = hits.toSorted((a, b) => b.score - a.score);
    const lifted = hits
      .map((hit) => ({ ...hit, score: withLift(hit.score, shrunk.get(hit.name) ?? 0, strength) }))
      .sort((a, b) => b.score - a.score);
    bySimilarity += total(similar) - best;
    byLift += total(lifted) - best;
    take(meter, episodeOf(`${seed}-${i}`, i, lifted.slice(0, SERVED), normal));
    if ((i + 1) % STRETCH !== 0) continue;
    regret.episodes.push(i + 1);
    regret.similarity.push(bySimilarity / STRETCH);
    regret.lift.push(byLift / STRETCH);
    [bySimilarity, byLift] = [0, 0];
    shrunk = new Map(behaviorLifts(meter.behaviors, meter.alpha).map((lift) => [lift.behavior, lift.shrunk]));
  }
  return regret;
}

function total(hits: readonly { effect: number }[]): number {
  return hits.slice(0, SERVED).reduce((sum, { effect }) => sum + effect, 0);
}

function episodeOf(
  id: string,
  at: number,
  served: readonly { name: string; effect: number; score: number }[],
  normal: () => number,
): Episode {
  const assignment = draw(id, "salt", CHANCES, served.length);
  const level = 0.5 * normal();
  const effect =
    assignment.arm === "control" ? 0 : total(served.filter((_, place) => place !== assignment.withheld));
  return {
    id,
    at,
    ...assignment,
    ...CHANCES,
    candidates: served.map(({ name }) => name),
    covariates: {
      task_tokens: Math.round(Math.exp(6 + level)),
      behaviors: HITS,
      best_fit: Math.min(1, served[0]?.score ?? 0),
      similar: 0,
    },
    served_tokens: 240,
    returned: true,
    tokens: Math.max(1, Math.round(Math.exp(7.5 + level + effect + RESIDUAL * normal()))),
    outcome: "unknown",
    evidence: "none",
    cited: [],
  };
}
