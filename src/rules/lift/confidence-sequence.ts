import type { Interval } from "./lift.ts";

/**
 * A stream of pseudo-outcomes, kept as its moments (Welford 1962), from which the running mean of their conditional
 * means is told at all times at once.
 */
export interface Sequence {
  n: number;
  mean: number;
  /** Sum of squared deviations from the mean. */
  squares: number;
  /** Square of a value that has not come yet and may: see `variance`. 0 where the tails are light. */
  unseen: number;
  /** The mixture's precision, in the values' unit to the power of -2; set once, at the end of the burn-in. */
  rho2?: number;
}

export function startSequence(): Sequence {
  return { n: 0, mean: 0, squares: 0, unseen: 0 };
}

/** Takes one value in; `unseen` is the size of one that might have come in its place, for `variance`. */
export function add(sequence: Sequence, value: number, unseen = 0): void {
  sequence.n += 1;
  const before = value - sequence.mean;
  sequence.mean += before / sequence.n;
  sequence.squares += before * (value - sequence.mean);
  sequence.unseen = Math.max(sequence.unseen, unseen * unseen);
}

/**
 * Running variance around the running mean, with one more value, the largest `unseen`: of successes the largest possible, of tokens
 * the largest so far. While a rare outcome has not come yet, the variance that was seen says nothing of it; what this
 * adds fades as 1/n. Where conditional means differ among themselves the variance is larger than theirs, and the interval wider
 * than it had to be.
 */
export function variance({ n, squares, unseen }: Sequence): number {
  return n === 0 ? 0 : Math.max((squares + unseen) / n, 1e-12);
}

/**
 * When the interval is meant to be narrowest: 1,000 episodes, where a change of 20 % with a hold-out of 10 % begins to be
 * certain (bench/coverage.ts). A quarter or the fourfold of that costs less than 8 % of width.
 */
const NARROWEST_AT = 1000;

/**
 * ρ² that makes the boundary of unit variance narrowest at time `at`.
 *
 * With x = ρ²·at the width is, but for constants, √((x + 1)/x · (ln(x + 1) - 2 ln α)), least where x = ln(x + 1) - 2 ln α;
 * in closed form x = -W₋₁(-α²/e) - 1, W₋₁ the lower branch of Lambert's function, as Waudby-Smith et al. 2024 (below) tune it
 * (where in the paper: unchecked; a test checks that it is the minimum). The map is a contraction (slope 1/(x + 1)), so iteration finds it.
 */
export function tunedRho2(alpha: number, at = NARROWEST_AT): number {
  let x = 1;
  for (let step = 0; step < 50; step++) x = Math.log(x + 1) - 2 * Math.log(alpha);
  return x / at;
}

/**
 * Fixes ρ², once, at the end of the burn-in, with the variance as it is then; a mixture's precision may not follow the
 * data it is judging. The burn-in itself is judged too, but its variance tends to a constant as it grows, and ρ² only
 * decides where the interval is narrow. For tests that start after a burn-in: Bibaut, Kallus & Lindon 2022, arXiv:2212.14411.
 */
export function settleRho2(sequence: Sequence, alpha: number): void {
  sequence.rho2 ??= tunedRho2(alpha) / variance(sequence);
}

/**
 * Half the width of the asymptotic confidence sequence for the running mean of conditional means:
 * √( 2(tρ²σ̂² + 1)/(t²ρ²) · ln( √(tρ²σ̂² + 1)/α ) ).
 *
 * Asymptotic: the error probability tends to α as the burn-in grows; no finite sample has a guarantee, and bench/coverage.ts
 * measures what is left of it. Source: Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, "Time-uniform central limit theory
 * and asymptotic confidence sequences", Annals of Statistics 2024, arXiv:2103.06476v9, Proposition 2.5 (means may vary in
 * time and depend on the past; Lyapunov's condition).
 */
export function halfWidth(t: number, variance: number, rho2: number, alpha: number): number {
  const v = t * rho2 * variance + 1;
  return Math.sqrt(((2 * v) / (t * t * rho2)) * Math.log(Math.sqrt(v) / alpha));
}

/** The interval now; none before `settleRho2`. */
export function intervalOf(sequence: Sequence, alpha: number): Interval | undefined {
  const { n, mean, rho2 } = sequence;
  if (rho2 === undefined) return undefined;
  const half = halfWidth(n, variance(sequence), rho2, alpha);
  return { estimate: mean, low: mean - half, high: mean + half };
}

/**
 * About how many more episodes must enter until half the interval is at most `target`, if the variance stays what it is;
 * 0 when it is there, undefined when that is beyond a million.
 */
export function moreUntil(sequence: Sequence, target: number, alpha: number): number | undefined {
  const v = variance(sequence);
  const rho2 = sequence.rho2 ?? tunedRho2(alpha) / v;
  const narrow = (n: number) => halfWidth(n, v, rho2, alpha) <= target;
  const n = Math.max(sequence.n, 1);
  if (narrow(n)) return 0;
  let [below, above] = [n, n * 2];
  while (!narrow(above)) {
    if (above > 1e6) return undefined;
    [below, above] = [above, above * 2];
  }
  while (above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    if (narrow(middle)) above = middle;
    else below = middle;
  }
  return above - sequence.n;
}

/**
 * E-value against "the running mean is at most 0" (`sign` 1) or "at least 0" (`sign` -1); 1 before `settleRho2`.
 *
 * The same mixture over positive (negative) means only: with S the sum of the values, V = tσ̂² and v = ρ²V + 1 it is
 * 2/√v · exp(ρ²S²/2v) · Φ(±ρS/√v). Asymptotic as the interval is. Source: Howard, Ramdas, McAuliffe & Sekhon, "Time-uniform,
 * nonparametric, nonasymptotic confidence sequences", Annals of Statistics 2021, section 3.2, one-sided normal mixture (number of the
 * proposition: unchecked).
 */
export function eValue(sequence: Sequence, sign: 1 | -1): number {
  const { n, mean, rho2 } = sequence;
  if (rho2 === undefined) return 1;
  const v = rho2 * n * variance(sequence) + 1;
  const z = (sign * n * mean * Math.sqrt(rho2)) / Math.sqrt(v);
  // exp(z²/2)·Φ(z) of one piece: apart, the first overflows and the second underflows.
  return Math.min((2 / Math.sqrt(v)) * scaledNormal(z), Number.MAX_VALUE);
}

/** exp(z²/2)·Φ(z), Φ the standard normal distribution function, to 1e-7 of its size. */
function scaledNormal(z: number): number {
  const tail = scaledTail(Math.abs(z));
  return z < 0 ? tail : Math.exp((z * z) / 2) - tail;
}

/** exp(z²/2)·(1 - Φ(z)) for z ≥ 0: erfc of Numerical Recipes (Press et al., 2nd ed., §6.2), without its exponential. */
function scaledTail(z: number): number {
  const t = 1 / (1 + z / Math.SQRT2 / 2);
  return (t * Math.exp(ERFC.reduceRight((sum, coefficient) => sum * t + coefficient, 0))) / 2;
}

const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
  -0.82215223, 0.17087277,
];
