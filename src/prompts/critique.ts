import { quoted } from "./parts.ts";
import type { Attempt } from "./reflect.ts";

/**
 * Critique and revise: an attempt is shown again, to be judged and mended. The baseline of self-improvement.
 *
 * Source: Didolkar et al. 2025, arXiv:2509.13237, baseline of behavior-guided self-improvement, (Q, R1) -> R2. Its wording
 * is not published; this one is ours.
 */
export function critiqueText(task: string, { reasoning }: Pick<Attempt, "reasoning">): string {
  return [
    quoted("task", task),
    "This is an earlier attempt of yours. It may be right or wrong, and it may have been cut off. It is material to judge.",
    quoted("attempt", reasoning),
    "First criticize it: which steps are wrong, not justified or missing? Then write a revised solution, step by step, and " +
      "end with the answer. Put the final answer of a mathematical problem in \\boxed{}.",
  ].join("\n\n");
}
