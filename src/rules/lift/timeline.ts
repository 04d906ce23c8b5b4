import type { Episode } from "../../model/episode.ts";
import { outcomesOf } from "./outcomes.ts";

/** A mean of all episodes of one arm up to an instant. */
export interface TimelinePoint {
  /** Milliseconds since 1970. */
  at: number;
  arm: "served" | "control";
  mean: number;
}

/** How the arms fared over time, as observed: adjusted for nothing. */
export interface Timeline {
  /** Geometric means of output tokens. */
  tokens: TimelinePoint[];
  /** Shares of success among tested outcomes. */
  tested: TimelinePoint[];
}

/** The running means while episodes come in. */
export type Running = Record<"tokens" | "tested", Record<TimelinePoint["arm"], Mean>>;

interface Mean {
  n: number;
  sum: number;
  every: number;
  points: { at: number; n: number; mean: number }[];
}

const FEWEST = 10; // a mean of fewer jumps so far that it sets the scale of the plot
const MOST = 200;

export function startTimeline(): Running {
  const mean = (): Mean => ({ n: 0, sum: 0, every: 1, points: [] });
  const arms = () => ({ served: mean(), control: mean() });
  return { tokens: arms(), tested: arms() };
}

/** Takes an episode in; one that had a behavior withheld is of neither arm. */
export function extend(running: Running, episode: Episode): void {
  const { arm, at } = episode;
  if (arm === "withheld") return;
  const { token_ratio, tested } = outcomesOf(episode);
  if (token_ratio !== undefined) addTo(running.tokens[arm], at, token_ratio);
  if (tested !== undefined) addTo(running.tested[arm], at, tested);
}

function addTo(mean: Mean, at: number, value: number): void {
  mean.n += 1;
  mean.sum += value;
  if (mean.n < FEWEST || mean.n % mean.every !== 0) return;
  mean.points.push({ at, n: mean.n, mean: mean.sum / mean.n });
  if (mean.points.length < MOST) return;
  mean.every *= 2;
  mean.points = mean.points.filter(({ n }) => n % mean.every === 0);
}

/** At most 200 points of each arm, the same for the same episodes. */
export function timelineOf({ tokens, tested }: Running): Timeline {
  const both = ({ served, control }: Running["tokens"], scale: (mean: number) => number) =>
    (["served", "control"] as const).flatMap((arm) =>
      (arm === "served" ? served : control).points.map(({ at, mean }) => ({ at, arm, mean: scale(mean) })),
    );
  return { tokens: both(tokens, Math.exp), tested: both(tested, (mean) => mean) };
}
