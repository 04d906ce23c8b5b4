import type { Episode } from "../../model/episode.ts";
import { halfWidth, tunedRho2 } from "./confidence-sequence.ts";
import type { CitedContrast } from "./lift.ts";

/** Residuals of log tokens of the served episodes that cite and that do not, as moments. */
export interface Cited {
  cited: { n: number; sum: number; squares: number };
  uncited: { n: number; sum: number; squares: number };
}

export function startCited(): Cited {
  return { cited: { n: 0, sum: 0, squares: 0 }, uncited: { n: 0, sum: 0, squares: 0 } };
}

/** Takes a served episode in; `residual` is its log tokens less what earlier episodes let expect. */
export function enterCited(contrast: Cited, { arm, cited }: Episode, residual: number | undefined): void {
  if (arm !== "served" || residual === undefined) return;
  const group = cited.length > 0 ? contrast.cited : contrast.uncited;
  group.n += 1;
  group.sum += residual;
  group.squares += residual * residual;
}

/** Fewer than that of a group say nothing. */
const LEAST = 20;

/**
 * Ratio of output tokens, cited / not cited, among served episodes, adjusted by the regression. Nobody drew who cites: the agent
 * that cites may be the better one, or the task the plainer one, so this is no effect of the handbook and is labelled so.
 */
export function citedContrast({ cited, uncited }: Cited, alpha: number): CitedContrast {
  const counts = { observational: true, cited: cited.n, uncited: uncited.n } as const;
  if (Math.min(cited.n, uncited.n) < LEAST) return counts;
  const [a, b] = [moments(cited), moments(uncited)];
  const n = cited.n + uncited.n;
  const difference = a.mean - b.mean;
  // Of a difference of two means, as if each episode carried n times its share of the variance.
  const variance = Math.max(n * (a.variance / cited.n + b.variance / uncited.n), 1e-12);
  const half = halfWidth(n, variance, tunedRho2(alpha) / variance, alpha);
  return {
    ...counts,
    estimate: Math.exp(difference),
    low: Math.exp(difference - half),
    high: Math.exp(difference + half),
  };
}

function moments({ n, sum, squares }: Cited["cited"]): { mean: number; variance: number } {
  const mean = sum / n;
  return { mean, variance: Math.max(0, squares / n - mean * mean) };
}
