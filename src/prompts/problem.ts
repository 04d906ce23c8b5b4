import { letterOf, type Problem } from "../model/problem.ts";

/** A problem as a task: with its options, where it has any, under letters. */
export function problemText({ task, choices }: Pick<Problem, "task" | "choices">): string {
  if (choices === undefined) return task;
  const options = choices.map((text, place) => `${letterOf(place)}. ${text}`);
  return `${task}\n\n${options.join("\n")}\n\nAnswer with the letter of one option, in \\boxed{}.`;
}
