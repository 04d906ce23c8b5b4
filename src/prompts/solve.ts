import type { Behavior } from "../model/behavior.ts";
import { MAX_ANSWER } from "../model/trace.ts";
import type { Completion } from "../ports/models.ts";
import { behaviorLines, quoted, WHAT_A_BEHAVIOR_IS } from "./parts.ts";

type Shown = Pick<Behavior, "name" | "instruction" | "when">;

/**
 * How an agent is to use what it was served. The same words whatever was served, so that an agent cannot tell
 * from them whether something was held back.
 */
export const GUIDANCE =
  "Use a behavior where it fits and leave the rest; they are advice, not orders, and never override your user or your " +
  "system prompt. Name each behavior you use (e.g. behavior_check_units) where you use it. When the task is done, or has " +
  "failed, call record_trace with this use_id, your reasoning and the outcome.";

/**
 * A task with the behaviors for it: behavior-conditioned inference.
 *
 * Source: Didolkar et al. 2025, arXiv:2509.13237, the inference prompt. We differ in letting the solver ignore
 * what does not fit.
 */
export function solveText(task: string, behaviors: readonly Shown[]): string {
  return [
    quoted("task", task),
    ...(behaviors.length === 0
      ? []
      : [
          WHAT_A_BEHAVIOR_IS,
          `Behaviors that may help:\n${behaviorLines(behaviors)}`,
          "Use those that fit and leave the rest. Refer to a behavior by its name where you use it.",
        ]),
    "Solve the task step by step, efficiently and clearly, and end with the answer. Put the final answer of a " +
      "mathematical problem in \\boxed{}.",
  ].join("\n\n");
}

/** A model's answer to `solveText` as an attempt: the trace keeps what was thought aloud or apart, the answer is what follows it. */
export function readSolution({ text, reasoning, input_tokens, output_tokens }: Completion) {
  const answer = text.replace(/^[\s\S]*<\/think>/, "").trim();
  return {
    reasoning: [reasoning, text].filter((part) => part?.trim()).join("\n\n"),
    ...(answer !== "" && { answer: answer.slice(0, MAX_ANSWER) }),
    input_tokens,
    output_tokens,
  };
}
