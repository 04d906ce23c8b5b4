/**
 * Which of the hypotheses are rejected, in their order: the k with the largest e-values, for the largest k whose k-th
 * largest is at least K/(kα).
 *
 * The expected share of false rejections is at most α, however the e-values depend on each other (e-BH: Wang & Ramdas,
 * "False discovery rate control with e-values", JRSS-B 2022; section unchecked); with asymptotic e-values, asymptotically.
 */
export function rejected(eValues: readonly number[], alpha: number): boolean[] {
  const sorted = eValues.toSorted((a, b) => b - a);
  const least = sorted.findLast((e, i) => e * (i + 1) * alpha >= sorted.length);
  return eValues.map((e) => least !== undefined && e >= least);
}
