import type { Propensities } from "../assignment.ts";
import { intervalOf, moreUntil } from "./confidence-sequence.ts";
import { burnInOf, type Contrast, enter, pseudoOutcome, type Side, startContrast } from "./estimate.ts";
import type { Effect, Interval, Verdict } from "./lift.ts";
import { isProbability, type OutcomeName } from "./outcomes.ts";
import { keep, type Series, withLast } from "./series.ts";

/** Before that, no interval is shown: chosen where bench/coverage.ts keeps its promise at every look. */
export const HANDBOOK_BURN_IN = { episodes: 200, without: 20 };
/** Of tokens themselves: the few longest tasks decide a mean, and 20 or 40 tasks seldom have one of them. */
const TOKENS_BURN_IN = { episodes: 500, without: 50 };

/** A change of this share is what `more_needed` wants to be able to exclude. */
const WORTH_KNOWING = 0.2;

/** One outcome of all served against none, as it grows. */
export interface HandbookContrast extends Contrast {
  name: OutcomeName;
  sums: { first: number; second: number };
  /** Episodes with the outcome, by arm, those of the warm-up too. */
  observed: { first: number; second: number };
  /** All episodes with the outcome, and how many of them the control arm was to get by their own probabilities. */
  entered: number;
  holdout: number;
  series: Series;
}

export function startHandbookContrast(name: OutcomeName, points: number): HandbookContrast {
  return {
    ...startContrast(name === "tokens" ? TOKENS_BURN_IN : HANDBOOK_BURN_IN),
    name,
    sums: { first: 0, second: 0 },
    observed: { first: 0, second: 0 },
    entered: 0,
    holdout: 0,
    series: { points: [], every: 1, most: points - 1 },
  };
}

/** Takes an episode in, whose `predictions` (served, control) come from earlier ones; without, it is of the warm-up. */
export function enterHandbook(
  contrast: HandbookContrast,
  side: Side,
  outcome: number,
  predictions: readonly [number, number] | undefined,
  { served, control }: Propensities,
  alpha: number,
): void {
  contrast.entered += 1;
  contrast.holdout += control;
  if (side !== "neither") {
    contrast.sums[side] += outcome;
    contrast.observed[side] += 1;
  }
  if (predictions === undefined) return;
  const most = 1 / Math.min(served, control);
  const value = pseudoOutcome(side, outcome, predictions, [served, control]);
  const unseen = { token_ratio: 0, tokens: Math.abs(value), tested: most, success: most }[contrast.name];
  enter(contrast, side, value, unseen, alpha);
  keep(contrast.series, contrast.sequence, alpha);
}

/** The effect in the unit it is told in. `episodes` is how many there were of any arm, outcome known or not. */
export function handbookEffect(contrast: HandbookContrast, episodes: number, alpha: number): Effect {
  const { name, observed, sums, sequence, series } = contrast;
  const scale = name === "token_ratio" ? Math.exp : (value: number) => value;
  const scaled = <T extends Interval>(at: T): T => mapInterval(at, scale);
  const interval = intervalOf(sequence, alpha);
  const more = moreNeeded(contrast, episodes, alpha);
  return {
    unit: name === "token_ratio" ? "ratio" : name === "tokens" ? "tokens" : "probability",
    served: observed.first,
    control: observed.second,
    means: {
      ...(observed.first > 0 && { served: scale(sums.first / observed.first) }),
      ...(observed.second > 0 && { control: scale(sums.second / observed.second) }),
    },
    ...(interval && scaled(interval)),
    burn_in: burnInOf(contrast),
    verdict: verdict(interval, !isProbability(name)),
    ...(more !== undefined && { more_needed: more }),
    series: withLast(series, sequence.n, interval).map(scaled),
  };
}

/** The same with each of its numbers on another scale. */
export function mapInterval<T extends Interval>(at: T, scale: (value: number) => number): T {
  return { ...at, estimate: scale(at.estimate), low: scale(at.low), high: scale(at.high) };
}

/** Better is less of a cost, more of a success. */
export function verdict(interval: Interval | undefined, isCost: boolean): Verdict {
  if (interval === undefined) return "too-early";
  if (interval.low > 0) return isCost ? "worse" : "better";
  if (interval.high < 0) return isCost ? "better" : "worse";
  return "undecided";
}

/** Of any arm, outcome known or not, at the rates so far: for the burn-in, and for the width. */
function moreNeeded(contrast: HandbookContrast, episodes: number, alpha: number): number | undefined {
  const { sequence, needed, entered, holdout } = contrast;
  if (entered === 0 || holdout === 0) return undefined;
  const { have } = burnInOf(contrast);
  const isReckonable = have.episodes >= needed.episodes / 4 && have.without > 1;
  const missing = Math.max(
    needed.episodes - have.episodes,
    (needed.without - have.without) * (entered / holdout),
    isReckonable ? (moreUntil(sequence, target(contrast), alpha) ?? 0) : 0,
  );
  // Less a rounding error of the sum of probabilities.
  return missing > 0 ? Math.ceil(missing * (episodes / entered) - 1e-6) : undefined;
}

/** Half the width that excludes a change of 20 %, were there none: of the control arm's mean, or as a logarithm. */
function target({ name, sums, observed }: HandbookContrast): number {
  if (name === "token_ratio") return -Math.log(1 - WORTH_KNOWING);
  const mean =
    observed.second > 0
      ? sums.second / observed.second
      : observed.first > 0
        ? sums.first / observed.first
        : 0;
  return WORTH_KNOWING * mean;
}
