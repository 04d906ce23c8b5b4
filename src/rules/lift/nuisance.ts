import type { OutcomeName, Outcomes } from "./outcomes.ts";
import { expected, learn, type Regression, startRegression } from "./regression.ts";

/** What earlier episodes let expect of the next one. No estimate depends on its being right, only its width does. */
export interface Nuisance {
  token_ratio: Regression;
  tested: Regression;
  success: Regression;
  /** Tokens that came, beside exp(predicted log tokens): the factor between them is above 1, since exp is convex. */
  smearing: { tokens: number; predicted: number; mostLogTokens: number };
}

/** With every candidate served, and with none. */
export type Prediction = readonly [served: number, control: number];

/** Episodes that only train: before, the first pseudo-outcomes would be an outcome's whole level times 1/h. */
const WARM_UP = 20;

export function startNuisance(): Nuisance {
  return {
    token_ratio: startRegression(),
    tested: startRegression(),
    success: startRegression(),
    smearing: { tokens: 0, predicted: 0, mostLogTokens: 0 },
  };
}

/**
 * Predictions for a task with the features `x`, of each outcome whose warm-up is over. Successes come from a line that is cut at 0
 * and 1; tokens from the exponential of their logarithm's, times what that fell short by so far
 * (Duan, "Smearing estimate", JASA 1983, as one ratio), since their spread grows with their size.
 */
export function predict(nuisance: Nuisance, x: number[]): Partial<Record<OutcomeName, Prediction>> {
  const { smearing } = nuisance;
  const logs = predicted(nuisance.token_ratio, x);
  const tested = predicted(nuisance.tested, x);
  const success = predicted(nuisance.success, x);
  const factor = smearing.predicted > 0 ? smearing.tokens / smearing.predicted : 1;
  const tokens = (log: number) => factor * Math.exp(Math.min(log, smearing.mostLogTokens));
  return {
    ...(logs && { token_ratio: logs, tokens: [tokens(logs[0]), tokens(logs[1])] }),
    ...(tested && { tested: [clipped(tested[0]), clipped(tested[1])] }),
    ...(success && { success: [clipped(success[0]), clipped(success[1])] }),
  };
}

function predicted(regression: Regression, x: number[]): Prediction | undefined {
  return regression.n < WARM_UP ? undefined : [expected(regression, x, true), expected(regression, x, false)];
}

function clipped(probability: number): number {
  return Math.min(1, Math.max(0, probability));
}

/** Learns what came of the episode that `predictions` were for. One with a behavior withheld counts as served. */
export function train(
  nuisance: Nuisance,
  x: number[],
  isServed: boolean,
  { token_ratio, tokens, tested, success }: Outcomes,
  predictions: Partial<Record<OutcomeName, Prediction>>,
): void {
  const { smearing } = nuisance;
  if (token_ratio !== undefined && tokens !== undefined) {
    const before = predictions.token_ratio;
    if (before !== undefined) {
      smearing.tokens += tokens;
      smearing.predicted += Math.exp(Math.min(before[isServed ? 0 : 1], smearing.mostLogTokens));
    }
    smearing.mostLogTokens = Math.max(smearing.mostLogTokens, token_ratio);
    learn(nuisance.token_ratio, x, isServed, token_ratio);
  }
  if (tested !== undefined) learn(nuisance.tested, x, isServed, tested);
  if (success !== undefined) learn(nuisance.success, x, isServed, success);
}
