import { random } from "./random.ts";

/** A mean, or another figure of a sample, with its 95 % interval. */
export interface Interval {
  mean: number;
  low: number;
  high: number;
}

const RESAMPLES = 2000;
const SEED = 10;

/**
 * The mean of values, or, with `weights`, the sum of the values by the sum of the weights, with its 95 % interval:
 * percentiles of the same figure over so many resamples of the units, drawn with replacement. The same for the same
 * input. For a paired comparison the values are differences between two treatments of the same unit.
 *
 * Of few units (about 20 and fewer) the interval is too narrow.
 *
 * Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", ch. 13; for paired comparisons of rankings
 * Sakai 2006, "Evaluating Evaluation Metrics based on the Bootstrap"; ratios of sums ibid., ch. 25 of the book.
 */
export function bootstrap(values: readonly number[], weights?: readonly number[]): Interval {
  const next = random(SEED);
  const [over, under] = [Float64Array.from(values), weights && Float64Array.from(weights)];
  const n = over.length;
  const figure = (draw: (i: number) => number) => {
    let [sum, weight] = [0, 0];
    for (let i = 0; i < n; i++) {
      const unit = draw(i);
      sum += over[unit] ?? 0;
      if (under) weight += under[unit] ?? 0;
    }
    return sum / (under ? weight : n);
  };
  const figures = Array.from({ length: RESAMPLES }, () => figure(() => Math.floor(next() * n))).sort(
    (a, b) => a - b,
  );
  return { mean: figure((i) => i), low: quantile(figures, 0.025), high: quantile(figures, 0.975) };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Between the two nearest ranks, in proportion (type 7 of Hyndman and Fan 1996). NaN of nothing. */
export function quantile(sorted: readonly number[], share: number): number {
  const rank = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}
