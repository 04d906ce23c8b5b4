import type { Status } from "../model/behavior.ts";
import type { Decision } from "../model/decision.ts";
import type { Outcome } from "../model/outcome.ts";

/** From an instant, or from the beginning, up to another, or up to the end; both are inside. */
export interface Period {
  since?: string | undefined;
  until?: string | undefined;
}

/** What a handbook holds, and how it was used in a period. */
export interface HandbookCounts {
  behaviors: Record<Status, number>;
  traces: Record<Outcome, number>;
  /** Successes and failures by evidence stronger than the agent's own word. */
  tested: { success: number; failure: number };
  traces_with_true_tokens: number;
  uses: number;
  uses_served: number;
  /** Tasks that were drawn and whose day is not over at the end of the period, and when the first one's is. */
  open_draws: { n: number; settles_at?: string };
  /** Tokens that agents wrote into `record_trace`; what hooks recorded cost none. */
  report_tokens: number;
  /** Is it used at all? */
  rates: UseRates;
  reflections: { open: number; done: number; input_tokens: number; output_tokens: number };
  decisions: Record<Decision["decision"], number>;
}

/** How far agents go along the loop: each count is a part of the one before it in its line. */
export interface UseRates {
  /** Traces, and those that came with a retrieval before. */
  recorded: number;
  after_retrieval: number;
  /** Tasks that were looked up, and those of which a trace came. */
  episodes: number;
  returned: number;
  /** Traces of tasks that were served something, and those that cite some of it. */
  served: number;
  citing: number;
}

/** How one behavior fared. `succeeded` and `failed` count traces that cite it. */
export interface BehaviorUsage {
  name: string;
  status: Status;
  served: number;
  cited: number;
  succeeded: number;
  failed: number;
}

export interface Usage {
  /** The current behaviors of a handbook, by name. */
  behaviors: BehaviorUsage[];
  /** What the traces of a handbook cite, most cited first: its own behaviors and starters. */
  most_cited: (Omit<BehaviorUsage, "status" | "served"> & { handbook: string })[];
}
