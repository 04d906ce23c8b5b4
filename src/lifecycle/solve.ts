import { HandbookError } from "../errors.ts";
import type { Trace } from "../model/trace.ts";
import type { KeptLlm, LearningJournal } from "../ports/learning.ts";
import type { ChatMessage, Completion } from "../ports/models.ts";
import type { Ports } from "../ports.ts";
import { readSolution, solveText } from "../prompts/solve.ts";
import { goldAnswer, kindOf } from "../rules/answers/final-answer.ts";
import type { Standing } from "../rules/evidence.ts";
import { solutionCost, tokensOf } from "../rules/learning-plan.ts";
import { type Checkers, checkAnswer } from "./check.ts";
import { redacted } from "./handbooks.ts";
import { inOrder } from "./in-order.ts";
import { recordTrace } from "./record.ts";
import { Allowance, isBadOutput, tallied } from "./spend.ts";

/** A task without an attempt. */
export interface Problem {
  /** Where it was read, for people. */
  place: string;
  /** With its choices, if it has some. */
  task: string;
  /** The right one. */
  answer?: string | undefined;
  choices?: string[] | undefined;
  handbook?: string | undefined;
  tokens: number;
}

/** How a long run goes about it. */
export interface LearningRun {
  journal: LearningJournal;
  /** Questions that a model is asked at once. */
  concurrency: number;
  /** Tokens of input and output that may be spent; absent: any number. */
  budget?: number | undefined;
  /** Tells that one more is done, or failed. */
  done?(failed: boolean): void;
}

/** A piece of work that came to nothing, for people. */
export interface Failed {
  what: string;
  reason: string;
}

/** A longer right answer is a text that none will match. */
const LONGEST_CHECKED = 100; // characters

/** After so many in a row that the endpoint did not answer, nothing more is begun. */
export const GIVES_UP_AFTER = 5;

/**
 * Lets a model solve problems, plainly, and records its attempts in the order of the problems, with their outcome where the
 * right answer is known. What it solved before is not paid for again. Of the budget, the reflection on each is set aside. One that fails does not stop the others.
 */
export async function solveProblems(
  ports: Ports,
  llm: KeptLlm,
  problems: readonly Problem[],
  { checkers, ...run }: LearningRun & { checkers: Checkers },
): Promise<{ traces: Trace[]; failed: Failed[]; left: number; gaveUp: boolean; tokens: number }> {
  const { journal, concurrency } = run;
  const asked: ChatMessage[][] = [];
  for (const problem of problems) asked.push(await question(ports, problem));
  const isKnown = await journal.once("solved before", () =>
    asked.map((messages) => (llm.has(messages) ? "1" : "0")).join(""),
  );
  const allowance = new Allowance(run.budget);
  const work = problems.map((problem, i) => {
    const { solving, reflecting } = solutionCost(problem.tokens);
    const [solve, reflect] = isKnown[i] === "1" ? [0, 0] : [tokensOf(solving), tokensOf(reflecting)];
    return { problem, messages: asked[i] ?? [], solve, reflect, tally: tallied(llm) };
  });
  const traces: Trace[] = [];
  const failed: Failed[] = [];
  let [settled, inARow, tokens] = [0, 0, 0];
  const begun = inOrder(
    work,
    { concurrency, ahead: concurrency },
    async ({ messages, solve, reflect, tally }) => {
      if (!allowance.begin(solve + reflect)) return undefined;
      return () => tally.llm.complete(messages);
    },
  );
  for await (const { item, ...ended } of begun) {
    const { problem, solve, tally } = item;
    const cost = solve === 0 ? 0 : tally.tokens();
    allowance.settle(solve, cost);
    settled++;
    tokens += cost;
    const reason = "error" in ended ? modelFault(ended.error) : undefined;
    inARow = "result" in ended || isBadOutput(ended.error) ? 0 : inARow + 1;
    const attempt = "result" in ended ? readSolution(ended.result) : undefined;
    if (!("result" in ended) || attempt === undefined || attempt.reasoning === "") {
      failed.push({ what: `solving ${problem.place}`, reason: reason ?? "the model gave no reasoning" });
    } else {
      const { task, handbook } = problem;
      const judged = await judgedBy(checkers, problem, ended.result);
      const recording = { task, ...attempt, ...judged, model: llm.model, ...(handbook && { handbook }) };
      traces.push((await recordTrace(ports, recording)).trace);
    }
    run.done?.(attempt === undefined);
    if (inARow >= GIVES_UP_AFTER) break;
  }
  const gaveUp = inARow >= GIVES_UP_AFTER;
  return { traces, failed, left: problems.length - settled, gaveUp, tokens };
}

/** Whether it is right, where that can be told; another wording of an answer in words is not wrong for that. */
async function judgedBy(
  checkers: Checkers,
  { place: id, task, answer, choices }: Problem,
  completion: Completion,
): Promise<Partial<Standing>> {
  if (answer === undefined || goldAnswer(answer).length > LONGEST_CHECKED) return {};
  const problem = { id, task, answer, choices };
  const { isRight } = await checkAnswer(checkers, "auto", problem, completion);
  if (!isRight && kindOf(problem) === "exact") return {};
  return { outcome: isRight ? "success" : "failure", evidence: "checker" };
}

/** Those that the model has not solved yet. */
export async function unsolved(ports: Ports, llm: KeptLlm, problems: readonly Problem[]): Promise<Problem[]> {
  const left: Problem[] = [];
  for (const problem of problems) if (!llm.has(await question(ports, problem))) left.push(problem);
  return left;
}

async function question(ports: Ports, { task }: Problem): Promise<ChatMessage[]> {
  const { texts } = await redacted(ports, { task });
  return [{ role: "user", content: solveText(texts.task ?? "", []) }];
}

/** What a model's failure is called; whatever else broke is thrown on. */
export function modelFault(error: unknown): string {
  const isModels = error instanceof HandbookError && error.code.startsWith("LLM_");
  if (!isModels) throw error;
  return error.message;
}
