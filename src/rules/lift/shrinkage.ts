/** An unbiased but noisy estimate. */
export interface Noisy {
  estimate: number;
  /** Of the estimate: its standard error squared, > 0. */
  variance: number;
}

/** The distribution that the true effects seem to come from. */
export interface Prior {
  mean: number;
  /** Between the true effects, τ². */
  variance: number;
}

/**
 * Mean and variance of the true effects behind noisy estimates: their precision-weighted mean, and τ² by the moments of
 * Cochran's Q, never below 0. Without estimates both are 0.
 * Source: DerSimonian & Laird, "Meta-analysis in clinical trials", Controlled Clinical Trials 1986.
 */
export function priorOf(estimates: readonly Noisy[]): Prior {
  const fixed = weighted(estimates, 0);
  if (fixed === undefined) return { mean: 0, variance: 0 };
  const q = estimates.reduce((sum, e) => sum + (e.estimate - fixed.mean) ** 2 / e.variance, 0);
  const spread = fixed.weights - fixed.squares / fixed.weights;
  const tau2 = spread > 0 ? Math.max(0, (q - (estimates.length - 1)) / spread) : 0;
  return { mean: weighted(estimates, tau2)?.mean ?? 0, variance: tau2 };
}

function weighted(estimates: readonly Noisy[], tau2: number) {
  let [weights, squares, sum] = [0, 0, 0];
  for (const { estimate, variance } of estimates) {
    const weight = 1 / (variance + tau2);
    weights += weight;
    squares += weight * weight;
    sum += weight * estimate;
  }
  return weights > 0 ? { mean: sum / weights, weights, squares } : undefined;
}

/**
 * The estimate, drawn to the mean of all by as much as it is noise; the mean itself where nothing is known.
 * Source: Morris, "Parametric empirical Bayes inference", JASA 1983, with τ² plugged in; that τ² is itself
 * estimated is left out, so this is for ranking and no interval is made of it.
 */
export function shrunk(noisy: Noisy | undefined, { mean, variance }: Prior): number {
  if (noisy === undefined || variance === 0) return mean;
  return mean + (variance / (variance + noisy.variance)) * (noisy.estimate - mean);
}
