import type { BehaviorKey } from "../model/behavior.ts";
import type { Draw } from "../model/episode.ts";
import type { Evidence, Outcome } from "../model/outcome.ts";
import type { Trace } from "../model/trace.ts";

/** A draw, and what came of its episode before its time was up. */
export interface DrawnEpisode extends Draw {
  handbook: string;
  /** Of the traces that came in time: the last whole turn that a hook counted, else the first with a count, else the first. */
  trace?: Pick<Trace, "id" | "output_tokens" | "tokens_counted_by" | "report_tokens"> | undefined;
  /** Whether a client's hook led it, so that no agent wrote a report. */
  by_hook: boolean;
  /** What was said about any trace of the episode, or about its uses; oldest first. */
  reports: { outcome: Outcome; evidence: Evidence }[];
  /** Served behaviors that this trace names, and withheld ones that it names nevertheless. */
  cited: BehaviorKey[];
}

/** How an earlier task went. */
export interface Attempt {
  outcome: Outcome;
  evidence: Evidence;
  /** Absent without a count from outside. */
  output_tokens?: number | undefined;
}

/** A behavior's measured effect, as ranking knows it. */
export interface BehaviorLift extends BehaviorKey {
  /** On the logarithm of the output tokens, shrunk to the handbook's mean. */
  effect: number;
}

/** Since which revision a behavior has said what it says. */
export interface Rewording extends BehaviorKey {
  since: number;
}

export interface ExperimentReads {
  /** What makes the draws unpredictable; made with the ledger, the same in all its processes. */
  assignmentSalt(): Promise<string>;
  draw(episodeId: string): Promise<Draw | undefined>;
  /** The newest traces of a handbook that cite these behaviors, oldest first. */
  similarAttempts(handbook: string, keys: readonly BehaviorKey[]): Promise<Attempt[]>;
  /** Drawn episodes of a handbook whose time was up at `until`, in the order of their first uses, by pages. */
  episodes(
    handbook: string,
    range: { since?: string | undefined; until: string },
  ): AsyncIterable<DrawnEpisode[]>;
  /**
   * Of these behaviors, the ones whose instruction or situation was another one before, with the first revision since which they
   * have said what they said at `until`.
   */
  reworded(keys: readonly BehaviorKey[], until: string): Promise<Rewording[]>;
  /** What was measured of these behaviors, in no particular order. */
  lifts(handbook: string, keys: readonly BehaviorKey[]): Promise<BehaviorLift[]>;
  /** Behaviors on probation that tested successes of a handbook cite, with the number of different tasks. */
  succeededTasks(handbook: string): Promise<(BehaviorKey & { tasks: number })[]>;
}

export interface ExperimentWrites {
  addDraw(handbook: string, draw: Draw): Promise<void>;
  addContaminations(traceId: string, keys: readonly BehaviorKey[]): Promise<void>;
  /** Puts these in the place of all earlier ones of the handbook. */
  setLifts(handbook: string, lifts: readonly BehaviorLift[]): Promise<void>;
}
