import * as z from "zod";

/** How an answer is checked; `auto` is decided by the problem. */
export const Check = z.enum(["auto", "math", "exact", "choice", "command"]);
export type Check = z.infer<typeof Check>;

/** A task with its known answer, to evaluate a handbook on. */
export interface Problem {
  /** The row's own id, else its line. Unique in a file. */
  id: string;
  task: string;
  /** The right answer; of a problem with choices its letter or its text. */
  answer: string;
  /** The texts of the options, in the order of their letters. */
  choices?: string[] | undefined;
  topic?: string | undefined;
}

/** The letter of an option: A is the first. */
export function letterOf(place: number): string {
  return String.fromCharCode("A".charCodeAt(0) + place);
}
