import type { Covariates } from "../../model/episode.ts";

/** Of `features`: an intercept, the covariates, two marks of what is missing, and last the arm. */
const SIZE = 10;
const ARM = SIZE - 1;

/**
 * What is known of a task before the draw, as numbers of about the same size: the constants are typical values, so that
 * the penalty falls on differences between tasks. A missing covariate is 0 with a mark of its own (missing indicator).
 */
export function features(covariates: Covariates): number[] {
  const { task_tokens, behaviors, best_fit, similar, similar_tokens, similar_success } = covariates;
  const hasTokens = similar_tokens !== undefined && similar_tokens > 0;
  return [
    1,
    Math.log1p(task_tokens) - 5,
    Math.log(behaviors) - 1,
    best_fit - 0.5,
    Math.log1p(similar) - 1,
    hasTokens ? Math.log(similar_tokens) - 8 : 0,
    hasTokens ? 0 : 1,
    similar_success === undefined ? 0 : similar_success - 0.5,
    similar_success === undefined ? 1 : 0,
    0,
  ];
}

/** Ridge regression that learns one episode at a time; its prediction knows only what it was shown before. */
export interface Regression {
  /** How many episodes it was shown. */
  n: number;
  coefficients: Float64Array;
  /** (XᵀX + Λ)⁻¹, row by row. */
  inverse: Float64Array;
  /** Room to reckon in. */
  gain: Float64Array;
}

/**
 * Of a coefficient, as if so many episodes had said that it is 0: hardly any for the intercept, one for a covariate, five for the
 * arm, since an effect on log tokens beyond ±0.3 is rare where the residual's standard deviation is 0.67 ((0.67/0.3)² = 5).
 */
const PENALTY = { intercept: 1e-3, covariate: 1, arm: 5 };

export function startRegression(): Regression {
  const inverse = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++)
    inverse[i * SIZE + i] = 1 / (i === 0 ? PENALTY.intercept : i === ARM ? PENALTY.arm : PENALTY.covariate);
  return { n: 0, coefficients: new Float64Array(SIZE), inverse, gain: new Float64Array(SIZE) };
}

/** What is expected of a task with the features `x`, served or not. */
export function expected({ coefficients }: Regression, x: number[], isServed: boolean): number {
  setArm(x, isServed);
  let sum = 0;
  for (let i = 0; i < SIZE; i++) sum += (coefficients[i] ?? 0) * (x[i] ?? 0);
  return sum;
}

/**
 * Learns an outcome. Recursive least squares: the inverse is updated by the formula of Sherman and Morrison (1950), so an
 * episode costs SIZE² steps and nothing of it is kept.
 */
export function learn(regression: Regression, x: number[], isServed: boolean, outcome: number): void {
  const { coefficients, inverse, gain } = regression;
  setArm(x, isServed);
  let scale = 1;
  let error = outcome;
  for (let i = 0; i < SIZE; i++) {
    let sum = 0;
    for (let j = 0; j < SIZE; j++) sum += (inverse[i * SIZE + j] ?? 0) * (x[j] ?? 0);
    gain[i] = sum;
    scale += sum * (x[i] ?? 0);
    error -= (coefficients[i] ?? 0) * (x[i] ?? 0);
  }
  for (let i = 0; i < SIZE; i++) {
    const step = (gain[i] ?? 0) / scale;
    coefficients[i] = (coefficients[i] ?? 0) + step * error;
    for (let j = 0; j < SIZE; j++)
      inverse[i * SIZE + j] = (inverse[i * SIZE + j] ?? 0) - step * (gain[j] ?? 0);
  }
  regression.n += 1;
}

function setArm(x: number[], isServed: boolean): void {
  x[ARM] = isServed ? 1 : 0;
}
