import type { Behavior } from "../model/behavior.ts";
import { solveText } from "./solve.ts";

/**
 * The next attempt at a task whose earlier attempts taught these behaviors, for the calling agent. The earlier
 * answer is not shown: the attempt starts from the behaviors, not from a text to mend.
 *
 * Source: Didolkar et al. 2025, arXiv:2509.13237, behavior-guided self-improvement, (B, Q) -> R2.
 */
export function agentImproveText(task: string, behaviors: readonly Behavior[], firstTraceId: string): string {
  return [
    solveText(task, behaviors),
    `Start afresh: do not patch the earlier attempt. When done, call record_trace with improves "${firstTraceId}", the same ` +
      "task, your new reasoning and answer, and the outcome.",
  ].join("\n\n");
}
