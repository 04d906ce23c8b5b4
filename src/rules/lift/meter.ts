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
} from "./handbook-effect.ts";
import type { Lift, LiftOptions } from "./lift.ts";
import { type Nuisance, predict, startNuisance, train } from "./nuisance.ts";
import { OUTCOMES, type OutcomeName, type Outcomes, outcomesOf } from "./outcomes.ts";
import { features } from "./regression.ts";

/** A measurement while episodes come in. */
export interface Meter {
  alpha: number;
  tally: Tally;
  nuisance: Nuisance;
  handbook: Record<OutcomeName, HandbookContrast>;
  behaviors: BehaviorContrasts;
  cited: Cited;
  attrition: Attrition;
}

export function startMeter({ alpha = 0.05, points = 200 }: LiftOptions = {}): Meter {
  return {
    alpha,
    tally: startTally(),
    nuisance: startNuisance(),
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
  const { alpha, nuisance, handbook } = meter;
  const outcomes = outcomesOf(episode);
  const x = features(episode.covariates);
  const side = sideOf(episode.arm);
  const propensities = propensitiesOf(episode);
  const counts = isInformative(propensities);
  const predictions = predict(nuisance, x);
  const residuals: Outcomes = {};

  enterTally(meter.tally, episode, outcomes, counts);
  enterAttrition(meter.attrition, episode, side, outcomes, propensities, alpha);
  for (const name of OUTCOMES) {
    const outcome = outcomes[name];
    if (outcome === undefined) continue;
    const prediction = predictions[name];
    if (counts) enterHandbook(handbook[name], side, outcome, prediction, propensities, alpha);
    if (prediction !== undefined) residuals[name] = outcome - prediction[0];
  }
  train(nuisance, x, side !== "second", outcomes, predictions);
  enterBehaviors(meter.behaviors, episode, residuals, alpha);
  enterCited(meter.cited, episode, residuals.token_ratio);
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
