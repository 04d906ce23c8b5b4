import { intervalOf, type Sequence } from "./confidence-sequence.ts";
import type { Interval, SeriesPoint } from "./lift.ts";

/** How an interval narrowed, thinned while it grows. */
export interface Series {
  points: SeriesPoint[];
  every: number;
  most: number;
}

/** Keeps the interval after this episode, or not: at most `most` points, about evenly apart, the same for the same input. */
export function keep(series: Series, sequence: Sequence, alpha: number): void {
  if (sequence.n % series.every !== 0) return;
  const interval = intervalOf(sequence, alpha);
  if (interval === undefined) return;
  series.points.push({ episodes: sequence.n, ...interval });
  if (series.points.length < series.most) return;
  series.every *= 2;
  series.points = series.points.filter(({ episodes }) => episodes % series.every === 0);
}

/** The points with `interval`, the newest one, as the last. */
export function withLast(
  { points }: Series,
  episodes: number,
  interval: Interval | undefined,
): SeriesPoint[] {
  const last = interval && points.at(-1)?.episodes !== episodes ? [{ episodes, ...interval }] : [];
  return [...points, ...last];
}
