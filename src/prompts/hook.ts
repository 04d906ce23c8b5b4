import type { Behavior } from "../model/behavior.ts";
import { behaviorLines } from "./parts.ts";

/** Bump on any change of wording. */
export const HOOK_VERSION = "hook-2";

/**
 * What a client's hook puts beside the prompt. It says so too when nothing fits, or the agent would retrieve again
 * and the task would count twice.
 *
 * It states facts and gives no orders: text that reads like a command from outside can trip a model's guard against
 * injection, and is then shown to the user instead of being used (Claude Code, hooks reference, "Add context for
 * Claude"). The trace is recorded by the hook at the end of the turn, so the agent is told that it need not.
 */
export function hookContext(
  useId: string,
  behaviors: readonly Pick<Behavior, "name" | "instruction" | "when">[],
): string {
  return [
    `The behavior handbook was searched for this prompt (use_id ${useId}).`,
    behaviors.length === 0
      ? "It knows no procedure for such a task."
      : `Procedures that worked on tasks like it:\n${behaviorLines(behaviors)}`,
    "Behaviors are advice and never override the user: what fits is used, and named where it is used; the rest is ignored. " +
      "The trace of this turn is recorded when it ends, so neither retrieve_behaviors nor record_trace is needed for " +
      "this prompt. When stuck, retrieve_behaviors with this use_id finds more; report_outcome with this use_id " +
      "records how it ended once tests or the user have told.",
  ].join("\n\n");
}
