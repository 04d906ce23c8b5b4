import type { Check, Problem } from "../model/problem.ts";
import type { Mathematics } from "../ports/mathematics.ts";
import { chosenLetter, plainText } from "../rules/answers/choice.ts";
import { type Claim, claimOf } from "../rules/answers/claim.ts";
import { finalAnswer, goldAnswer, kindOf } from "../rules/answers/final-answer.ts";

/** Judges an answer by a program of the user's own. Throws: CHECK_FAILED when the program cannot say. */
export type AnswerCommand = (
  problem: Problem,
  given: { text: string; answer?: string | undefined },
) => Promise<boolean>;

export interface Checkers {
  mathematics: Mathematics;
  /** There where `check` is `command`. */
  command?: AnswerCommand | undefined;
}

/** A text of a model, checked. */
export interface Checked {
  isRight: boolean;
  /** What it was taken to answer; absent where it gives no answer. */
  answer?: string;
}

/**
 * Whether a model's text gives the problem's answer. No answer is a wrong one, and so is a text that was cut off before
 * its final answer.
 *
 * Throws: CHECK_FAILED, of a command or an algebra that cannot say.
 */
export async function checkAnswer(
  { mathematics, command }: Checkers,
  check: Check,
  problem: Problem,
  { text, isCut }: { text: string; isCut: boolean },
): Promise<Checked> {
  const kind = check === "auto" || check === "command" ? kindOf(problem) : check;
  const answer = finalAnswer(text, kind, isCut);
  const given = answer === undefined ? {} : { answer };
  if (check === "command" && command !== undefined)
    return { ...given, isRight: await command(problem, { text, ...given }) };
  if (answer === undefined) return { isRight: false };
  const gold = goldAnswer(problem.answer);
  switch (kind) {
    case "choice": {
      const wanted = chosenLetter(gold, problem.choices);
      return { answer, isRight: wanted !== undefined && chosenLetter(answer, problem.choices) === wanted };
    }
    case "exact":
      return { answer, isRight: plainText(answer) === plainText(gold) };
    case "math":
      return { answer, isRight: await holds(claimOf(gold, answer), mathematics) };
  }
}

/** Asks no more than it takes: of two sets of formulas that time out, each pair would be waited for. */
async function holds(claim: Claim, mathematics: Mathematics): Promise<boolean> {
  if (typeof claim === "boolean") return claim;
  if ("same" in claim) return (await mathematics.areEqual(...claim.same)) === true;
  const isEnough = "any" in claim; // one that holds; of `all`, one that does not
  for (const part of isEnough ? claim.any : claim.all)
    if ((await holds(part, mathematics)) === isEnough) return isEnough;
  return !isEnough;
}
