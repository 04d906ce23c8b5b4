import type { Trace } from "../model/trace.ts";

/** A trace without its long texts, and what tells how it was made. */
export type TraceFacts = Pick<
  Trace,
  "id" | "handbook" | "task" | "outcome" | "evidence" | "use_id" | "created_at"
> & {
  /** Behaviors were served for its task. */
  wasServed: boolean;
};

/** What collecting training data reads, in the memory of one page. */
export interface TrainingReads {
  /** Traces whose id comes after `after` (the empty one is before all), oldest first, at most `limit`; of one handbook, or recorded since an instant, if so wished. */
  tracesAfter(
    after: string,
    limit: number,
    filter?: { handbook?: string | undefined; since?: string | undefined },
  ): Promise<TraceFacts[]>;
}
