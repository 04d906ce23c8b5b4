// Tasks whose true effects are known: what the estimates are held against. Difficult tasks find more behaviors and cost
// more, so tasks with and without behaviors differ by themselves; traces and outcomes come late or not at all; a task
// profits from the one before it; and what is retrieved gets better the more was recorded.

import type { Episode } from "../src/model/episode.ts";
import { draw } from "../src/rules/assignment.ts";
import type { OutcomeName } from "../src/rules/lift/outcomes.ts";
import { random } from "../src/rules/random.ts";

export interface World {
  episodes: number;
  /** Standard deviation of log tokens, given everything that is known before the draw. */
  residual: number;
  /** Mean effect of all candidates together on log tokens, and standard deviation of one behavior's own. */
  effect: number;
  spread: number;
  /** Mean effect of all candidates together on the probability of success. */
  success: number;
  /** By how much the effects grow until everything is recorded, as a share of their mean. */
  learning: number;
  /** What a task that was served does to the log tokens of the next one, whatever that is served. */
  carryOver: number;
  behaviors: number;
  holdout: (i: number) => number;
  withhold: number;
  /** Mean hours until a trace comes; what takes longer than a day is not there. */
  hours: { served: number; control: number };
  /** Probability that tokens are counted, and that somebody tells the outcome, given a trace. */
  counted: number;
  told: number;
}

export const WORLD: World = {
  episodes: 1500,
  residual: 0.67,
  effect: Math.log(0.8),
  spread: 0.05,
  success: 0.08,
  learning: 0.4,
  carryOver: -0.1,
  behaviors: 40,
  holdout: () => 0.1,
  withhold: 0.1,
  hours: { served: 8, control: 8 },
  counted: 0.95,
  told: 0.85,
};

/** A task with the true effects of serving all its candidates, on every outcome; no episode where nothing was found. */
export interface SimulatedTask {
  episode?: Episode;
  effects: Record<OutcomeName, number>;
  /** True effect of each candidate on log tokens. */
  candidates: readonly number[];
  /** Log of output tokens, as an observer without arms sees them. */
  logTokens: number;
}

const MEAN_CANDIDATES = 3.97; // of the tasks that have any, by the formula of `candidateCount`
const SETTLES_HOURS = 24;

/** One history of a handbook. */
export function* simulatedTasks(world: World, seed: number): Generator<SimulatedTask> {
  const next = random(seed);
  const normal = () => gaussian(next);
  // Centered, so that the mean effect is exactly what the world says, in each history.
  const deviations = Array.from({ length: world.behaviors }, normal);
  const middle = sum(deviations) / world.behaviors;
  const own = deviations.map((deviation) => ({
    tokens: world.effect / MEAN_CANDIDATES + world.spread * (deviation - middle),
    success: world.success / MEAN_CANDIDATES,
  }));
  let recorded = 0;
  let carried = 0;
  for (let drawn = 0, task = 0; drawn < world.episodes; task++) {
    const difficulty = Math.max(-2.5, Math.min(2.5, normal()));
    const k = Math.max(0, Math.min(8, Math.round(3.8 + 1.5 * difficulty + 1.2 * normal())));
    // What is found fits better the more was recorded: effects are of history, and the truth follows them.
    const maturity = 1 + world.learning * (Math.min(1, recorded / world.episodes) - 0.5);
    const places = chosen(world.behaviors, k, next);
    const effects = places.map((place) => maturity * (own[place]?.tokens ?? 0));
    const total = sum(effects);
    const level = 7.5 + 0.5 * difficulty + carried;
    const noise = world.residual * normal();
    const base = Math.min(0.9, Math.max(0.1, 0.65 - 0.1 * difficulty));
    const better = maturity * sum(places.map((place) => own[place]?.success ?? 0));
    const truth = {
      token_ratio: total,
      tokens: Math.exp(level + world.residual ** 2 / 2) * Math.expm1(total),
      tested: clip(base + better) - base,
      success: clip(base + better) - base,
    };
    if (k === 0) {
      yield { effects: truth, candidates: [], logTokens: level + noise };
      continue;
    }
    const holdout = world.holdout(drawn);
    const id = `${seed}-${task}`;
    const assignment = draw(id, "salt", { holdout, withhold: world.withhold }, k);
    const { arm } = assignment;
    const lost = assignment.withheld === undefined ? 0 : (effects[assignment.withheld] ?? 0);
    const logTokens = level + noise + (arm === "control" ? 0 : total - lost);
    const chance = arm === "control" ? base : clip(base + better * (arm === "served" ? 1 : (k - 1) / k));
    const hours = -Math.log(1 - next()) * (arm === "control" ? world.hours.control : world.hours.served);
    const isReturned = hours < SETTLES_HOURS;
    const isTold = isReturned && next() < world.told - 0.05 * difficulty;
    const isCounted = isReturned && next() < world.counted;
    const isSuccess = next() < chance;
    const isTested = next() < 0.8;
    // Who cites is mostly who has an easy task: the observational contrast is wrong on purpose.
    const isCiting = arm !== "control" && next() < 0.5 - 0.2 * difficulty;
    yield {
      effects: truth,
      candidates: effects,
      logTokens,
      episode: {
        id,
        at: drawn,
        ...assignment,
        holdout,
        withhold: world.withhold,
        candidates: places.map((place) => `default/behavior_${place}`),
        covariates: {
          task_tokens: Math.round(Math.exp(6 + 0.5 * difficulty)),
          behaviors: k,
          best_fit: 1 / (1 + Math.exp(-0.5 * difficulty - 0.5 * normal())),
          similar: Math.min(recorded, Math.floor(next() * 20)),
          ...(next() < 0.7 && { similar_tokens: Math.exp(7.5 + 0.5 * difficulty + 0.4 * normal()) }),
          ...(next() < 0.6 && { similar_success: clip(base + 0.2 * normal()) }),
        },
        served_tokens: 60 * k,
        returned: isReturned,
        ...(isCounted && { tokens: Math.max(1, Math.round(Math.exp(logTokens))) }),
        outcome: isTold ? (isSuccess ? "success" : "failure") : "unknown",
        evidence: isTold ? (isTested ? "test" : "self") : "none",
        cited: isCiting && isReturned ? [assignment.withheld === 0 ? 1 : 0].filter((place) => place < k) : [],
      },
    };
    drawn += 1;
    if (isReturned) recorded += 1;
    carried = arm === "served" && isReturned ? world.carryOver : 0;
  }
}

/** One number of a standard normal distribution (Box & Muller 1958). */
export function gaussian(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** `k` different places out of `n`. */
export function chosen(n: number, k: number, next: () => number): number[] {
  const places = new Set<number>();
  while (places.size < Math.min(n, k)) places.add(Math.floor(next() * n));
  return [...places];
}

function clip(probability: number): number {
  return Math.min(0.99, Math.max(0.01, probability));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
