import type { Episode } from "../../model/episode.ts";
import { type Attrition, enterAttrition, returnsOf, startAttrition } from "./attrition.ts";
import {
  type BehaviorContrasts,
  behaviorLifts,
  enterBehaviors,
  startBehaviorContrasts,
} from "./behavior-effect.ts";
import { type Cited, citedContrast, enterCited, startCited } from "./cited.ts";
import { countsOf, enterTally, startTally, type Tally } from "./counts.ts";
import { doubtsOf } from "./doubts.ts";
import { isInformative, propensitiesOf, sideOf } from "./estimate.ts";
import {
  enterHandbook,
  type HandbookContrast,
  handbookEffect,
  startHandbookContrast,
  WARM_UP,
} from "./handbook-effect.ts";
import type { Lift, LiftOptions } from "./lift.ts";
import { isProbability, OUTCOMES, type OutcomeName, type Outcomes, outcomesOf } from "./outcomes.ts";
import { expected, features, learn, type Regression, served, startRegression } from "./regression.ts";

/** A measurement while episodes come in. */
export interface Meter {
  alpha: number;
  tally: Tally;
  regressions: Record<OutcomeName, Regression>;
  handbook: Record<OutcomeName, HandbookContrast>;
  behaviors: BehaviorContrasts;
  cited: Cited;
  attrition: Attrition;
}

export function startMeter({ alpha = 0.05, points = 200 }: LiftOptions = {}): Meter {
  return {
    alpha,
    tally: startTally(),
    regressions: each(startRegression),
    handbook: each((name) => startHandbookContrast(name, points)),
    behaviors: startBehaviorContrasts(),
    cited: startCited(),
    attrition: startAttrition(),
  };
}

function each<T>(make: (name: OutcomeName) => T): Record<OutcomeName, T> {
  return {
    token_ratio: make("token_ratio"),
    tokens: make("tokens"),
    tested: make("tested"),
    success: make("success"),
  };
}

/** Takes one episode in: predicts it from the earlier ones, enters it everywhere, and only then learns from it. */
export function take(meter: Meter, episode: Episode): void {
  const { alpha, regressions, handbook } = meter;
  const outcomes = outcomesOf(episode);
  const x = features(episode.covariates);
  const side = sideOf(episode.arm);
  const propensities = propensitiesOf(episode);
  const counts = isInformative(propensities);
  const residuals: Outcomes = {};

  enterTally(meter.tally, episode, outcomes, counts);
  enterAttrition(meter.attrition, episode, side, outcomes, propensities, alpha);
  for (const name of OUTCOMES) {
    const outcome = outcomes[name];
    if (outcome === undefined) continue;
    const regression = regressions[name];
    const predictions = regression.n < WARM_UP ? undefined : predicted(regression, name, x);
    if (counts) enterHandbook(handbook[name], side, outcome, predictions, propensities, alpha);
    if (predictions !== undefined) residuals[name] = outcome - predictions[0];
    learn(regression, x, side !== "second", outcome);
  }
  enterBehaviors(meter.behaviors, episode, residuals, alpha);
  enterCited(meter.cited, episode, residuals.token_ratio);
}

/** What is expected with and without the handbook. */
function predicted(regression: Regression, name: OutcomeName, x: Float64Array): [number, number] {
  const without = expected(regression, x);
  return [clipped(name, without + served(regression)), clipped(name, without)];
}

/** A line through probabilities or counts leaves their range; the nearest possible value is the better guess. */
function clipped(name: OutcomeName, value: number): number {
  if (name === "token_ratio") return value;
  return isProbability(name) ? Math.min(1, Math.max(0, value)) : Math.max(0, value);
}

/** The result so far; the meter may go on. */
export function liftOf({ alpha, tally, handbook, behaviors, cited, attrition }: Meter): Lift {
  const effect = (name: OutcomeName) => handbookEffect(handbook[name], tally.episodes, alpha);
  const { counts, contamination } = countsOf(tally);
  const returns = returnsOf(attrition, alpha);
  const doubts = doubtsOf(counts, returns, contamination);
  return {
    alpha,
    counts,
    handbook: each(effect),
    behaviors: behaviorLifts(behaviors, alpha),
    cited: citedContrast(cited, alpha),
    returns,
    contamination,
    trustworthy: doubts.length === 0,
    doubts,
  };
}
