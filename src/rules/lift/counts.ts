import type { Episode } from "../../model/episode.ts";
import type { Contamination, LiftCounts } from "./lift.ts";
import type { Outcomes } from "./outcomes.ts";

/** What is counted while episodes come in. */
export interface Tally {
  episodes: number;
  arms: Record<Episode["arm"], number>;
  tokens: number;
  known: number;
  tested: number;
  excluded: number;
  readTokens: number;
  reportTokens: number;
  controlTraces: number;
  contaminated: number;
}

export function startTally(): Tally {
  return {
    episodes: 0,
    arms: { served: 0, control: 0, withheld: 0 },
    tokens: 0,
    known: 0,
    tested: 0,
    excluded: 0,
    readTokens: 0,
    reportTokens: 0,
    controlTraces: 0,
    contaminated: 0,
  };
}

/** Counts an episode; `isInformative` says whether both arms were possible. */
export function enterTally(tally: Tally, episode: Episode, outcomes: Outcomes, isInformative: boolean): void {
  tally.episodes += 1;
  tally.arms[episode.arm] += 1;
  if (outcomes.tokens !== undefined) tally.tokens += 1;
  if (outcomes.success !== undefined) tally.known += 1;
  if (outcomes.tested !== undefined) tally.tested += 1;
  if (!isInformative) tally.excluded += 1;
  if (episode.arm === "control") {
    if (episode.returned) tally.controlTraces += 1;
    if (episode.cited.length > 0) tally.contaminated += 1;
  } else {
    tally.readTokens += episode.served_tokens;
    if (episode.by_hook !== true) tally.reportTokens += episode.report_tokens ?? 0;
  }
}

/**
 * The counts, and how often a trace of the control arm names a behavior that was not served. Such an episode stays in its arm
 * (intention to treat), which draws the measured effect toward none.
 */
export function countsOf(tally: Tally): { counts: LiftCounts; contamination: Contamination } {
  const { episodes, arms, tokens, known, tested, excluded, controlTraces, contaminated } = tally;
  const helped = Math.max(1, arms.served + arms.withheld);
  return {
    counts: {
      episodes,
      ...arms,
      with_tokens: tokens,
      with_tokens_share: tokens / Math.max(1, episodes),
      known,
      tested,
      excluded,
      cost: { read_tokens: tally.readTokens / helped, report_tokens: tally.reportTokens / helped },
    },
    contamination: { traces: contaminated, share: contaminated / Math.max(1, controlTraces) },
  };
}
