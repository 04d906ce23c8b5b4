import type { Episode } from "../../model/episode.ts";
import { liftOf, startMeter, take } from "./meter.ts";

/** What a handbook changes, measured on its randomized tasks. Plain JSON; the same episodes give the same bits. */
export interface Lift {
  /** One minus the level of every interval. */
  alpha: number;
  counts: LiftCounts;
  /** All behaviors served against none: what the immediate effect was, on average over the counted episodes. */
  handbook: HandbookEffects;
  /** By name of handbook and behavior. */
  behaviors: BehaviorLift[];
  /** Served and cited against served and not cited. Observational: who cites may have had the easier task. */
  cited: CitedContrast;
  returns: Returns;
  contamination: Contamination;
  /** Whether nothing below casts doubt on the comparison of the arms. */
  trustworthy: boolean;
  /** Why not, a sentence each. */
  doubts: string[];
}

export interface LiftCounts {
  episodes: number;
  served: number;
  control: number;
  withheld: number;
  /** Episodes whose output tokens were counted from outside. */
  with_tokens: number;
  /** Of all episodes, 0..1; 0 when there are none. */
  with_tokens_share: number;
  /** Episodes whose outcome is known. */
  known: number;
  /** Episodes whose outcome a test, a checker or a user told. */
  tested: number;
  /** Episodes drawn with a hold-out of 0 or 1, which carry no information on the handbook. */
  excluded: number;
  /** What the handbook itself costs: means per episode that was served all or all but one, in tokens. */
  cost: {
    /** To read what was served. */
    read_tokens: number;
    /** To write a report, where no hook recorded it. */
    report_tokens: number;
  };
}

export interface HandbookEffects {
  /** Geometric mean of output tokens, served / control; below 1 is cheaper. */
  token_ratio: Effect;
  /** Mean of output tokens, served - control. */
  tokens: Effect;
  /** Probability of success, served - control, where a test, a checker or a user told. */
  tested: Effect;
  /** Probability of success, served - control, whoever told; an unknown outcome is missing. */
  success: Effect;
}

/** An interval that holds at all times at once, however often one looks; absent until the burn-in is over. */
export interface Interval {
  estimate: number;
  low: number;
  high: number;
}

/** Better means fewer tokens or more success. */
export type Verdict = "too-early" | "undecided" | "better" | "worse";

export interface Effect extends Partial<Interval> {
  unit: "ratio" | "tokens" | "probability";
  /** Episodes that entered, by arm. */
  served: number;
  control: number;
  /** What was observed in each arm, not adjusted for anything; geometric means for a ratio. */
  means: { served?: number; control?: number };
  burn_in: BurnIn;
  /** "undecided" when the interval has no effect in it. */
  verdict: Verdict;
  /**
   * About how many more episodes of any arm until the interval at this rate is narrow enough to exclude a change of
   * 20 % (of the control arm's mean); absent once it is, when nothing is there to reckon from, or beyond a million.
   */
  more_needed?: number;
  /** How the interval narrowed, at most 200 points, oldest first. */
  series: SeriesPoint[];
}

export interface SeriesPoint extends Interval {
  /** Episodes that had entered. */
  episodes: number;
}

/** What must be there before an interval is shown, and what is. */
export interface BurnIn {
  needed: BurnInCounts;
  have: BurnInCounts;
}

export interface BurnInCounts {
  /** That count: with the outcome, after the ones that only trained the regression. */
  episodes: number;
  /** Of them, those of the rarer arm: the control arm, or, for one behavior, the episodes that it was withheld from. */
  without: number;
}

export interface BehaviorLift {
  /** Handbook and name, as in `Episode.candidates`. */
  behavior: string;
  /** Episodes outside the control arm with it among the candidates: shown (with all others or all but one) + withheld. */
  candidate: number;
  shown: number;
  withheld: number;
  /** Episodes in which it was shown and cited. */
  cited: number;
  /** Geometric mean of output tokens, all candidates served / all but this one. */
  token_ratio: BehaviorEffect;
  /** Probability of success, the same two compared, where a test, a checker or a user told. */
  tested: BehaviorEffect;
  /**
   * For ranking only: by how much its effect on log tokens, after shrinkage, is below (cheaper) or above the mean of all
   * behaviors. 0 is the mean, which is also what a behavior has of which nothing is known.
   */
  shrunk: number;
  /** After e-BH over all behaviors, outcomes and directions; "mixed" is help on one outcome and harm on another. */
  finding?: "helps" | "harms" | "mixed";
}

export interface BehaviorEffect extends Partial<Interval> {
  /** Episodes with the outcome: with all candidates served, and with this one withheld. */
  shown: number;
  withheld: number;
  burn_in: BurnIn;
  verdict: Verdict;
  /** E-values against "no better" and "no worse"; 1 until the burn-in is over. */
  e_better: number;
  e_worse: number;
  /** After e-BH: what is claimed of this outcome. */
  claimed?: "better" | "worse";
}

export interface CitedContrast extends Partial<Interval> {
  observational: true;
  /** Served episodes with a true count of tokens, by whether their trace cites a behavior. */
  cited: number;
  uncited: number;
}

export interface Returns {
  /** Whether a trace came in time. */
  trace: ReturnRates;
  /** Whether the outcome is known, among all episodes. */
  outcome: ReturnRates;
  /** Whether output tokens were counted from outside, among all episodes. */
  tokens: ReturnRates;
  /** Whether any of them comes back more often from one arm than from the other. */
  differs: boolean;
  /**
   * When they differ: how far the difference in success can be off, whatever the missing outcomes were (Manski 1990).
   * Tokens have no largest value, so nothing bounds their difference.
   */
  bounds?: { tested: Bounds; success: Bounds };
}

export interface ReturnRates {
  served: Rate;
  control: Rate;
  withheld: Rate;
  /** Served - control, with its interval; absent until the burn-in is over. */
  difference?: Interval;
  differs: boolean;
}

export interface Rate {
  episodes: number;
  returned: number;
  /** 0..1; absent without episodes. */
  share?: number;
}

/** Both ends of what success, served - control, can be, each with its interval. */
export interface Bounds {
  worst: Interval;
  best: Interval;
}

export interface Contamination {
  /** Traces of the control arm that name a behavior that was not served. */
  traces: number;
  /** Of the traces of the control arm, 0..1. */
  share: number;
}

export interface LiftOptions {
  /** One minus the level of the intervals; default 0.05. */
  alpha?: number;
  /** Most points of a series; default 200. */
  points?: number;
}

/**
 * Measures what a handbook and each of its behaviors change.
 *
 * Takes episodes in the order of their draws and goes through them once, so memory is that of the behaviors. An episode is
 * judged by what the ones before it taught, and given that history: what learning from served tasks does to later ones is
 * not estimated, for no task is drawn to have another history. Two things are assumed and cannot be seen in the data: that a draw does
 * not reach back to tasks that began before it, and that whether an outcome is known does not depend on the outcome itself
 * differently in the arms; `returns` shows what of the latter shows.
 */
export function measureLift(episodes: Iterable<Episode>, options: LiftOptions = {}): Lift {
  const meter = startMeter(options);
  for (const episode of episodes) take(meter, episode);
  return liftOf(meter);
}
