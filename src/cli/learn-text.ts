import type { Learned } from "../lifecycle/learn.ts";
import { DEFAULT_HANDBOOK } from "../model/handbook.ts";
import type { Spending } from "../ports/learning.ts";
import { type Cost, estimateLearning, tokensOf } from "../rules/learning-plan.ts";
import type { Corpus } from "./learn-corpus.ts";

const LISTED = 20; // refusals, and failures, that are told one by one

export type Estimate = ReturnType<typeof estimateLearning> & { budget?: number; money?: number };

interface Survey {
  read: number;
  new: number;
  known: number;
  refused: number;
  formats: Corpus["formats"];
  refusals: Corpus["refusals"];
  problems: number;
  plan: { recurring: number; failures: number; rest: number };
}

export type LearnResult = Survey & {
  estimate?: Estimate;
  dry_run?: true;
  /** Handbooks of which reflections wait for an agent. */
  prepared?: string[];
  /** What their prompts hold, about. */
  prompt_tokens?: number;
  /** Set variables without which a server would not find them. */
  variables?: string[];
  declined?: true;
  learned?: Learned & Spending & { solved: number; from_file: number; money?: number };
};

export function estimateOf(
  problems: readonly { tokens: number }[],
  plan: readonly { tokens: number }[],
  budget: number | undefined,
  prices: { input: number; output: number } | undefined,
): Estimate {
  const cost = estimateLearning(problems, plan, budget);
  return {
    ...cost,
    ...(budget !== undefined && { budget }),
    ...(prices && { money: moneyOf(cost, prices) }),
  };
}

/** In the currency of the prices, which are of a million tokens. */
export function moneyOf(
  { input_tokens, output_tokens }: Pick<Cost, "input_tokens" | "output_tokens">,
  prices: { input: number; output: number },
): number {
  return (input_tokens * prices.input + output_tokens * prices.output) / 1_000_000;
}

/** What is there, and the plan. */
export function toldSurvey({ read, known, problems, plan, ...rest }: Survey): string[] {
  const kinds = Object.entries(rest.formats).filter(([kind]) => kind !== "traces");
  const from =
    kinds.length > 0 ? ` (${kinds.map(([kind, number]) => `${n(number)} of ${kind}`).join(", ")})` : "";
  const recurring = plan.recurring > 0 ? `${n(plan.recurring)} on steps that come back, ` : "";
  const total = plan.recurring + plan.failures + plan.rest;
  return [
    `${counted(read, "trace")} read${from}: ${n(rest.new)} new, ${n(known)} known already. ${n(rest.refused)} refused.`,
    ...rest.refusals.slice(0, LISTED).map(({ file, place, reason }) => `  ${file} ${place}: ${reason}`),
    ...(rest.refused > LISTED ? [`  and ${n(rest.refused - LISTED)} more; --json lists all`] : []),
    ...(problems > 0 ? [`${counted(problems, "problem")} without a trace, to be solved first.`] : []),
    total + problems === 0 && read > 0
      ? "Nothing to reflect on: all of it was looked at before."
      : `Plan: ${counted(total, "reflection")}: ${recurring}${n(plan.failures)} on failures, ${n(plan.rest)} on the rest.`,
  ];
}

export function toldEstimate(estimate: Estimate): string[] {
  const { calls, input_tokens, output_tokens, problems, reflections, budget } = estimate;
  if (calls === 0 && budget === undefined) return [];
  const parts = [
    ...(problems > 0 ? [counted(problems, "solution")] : []),
    counted(reflections, "reflection"),
  ];
  const within = budget === undefined ? "" : ` within the budget of ${counted(budget, "token")}`;
  return [
    `A model would take about ${counted(calls, "call")}${within} (${parts.join(" and ")}), ${n(input_tokens)} tokens in and ${n(output_tokens)} out${money(estimate)}.`,
  ];
}

export function toldResult(result: LearnResult): string {
  const { learned, estimate } = result;
  if (result.dry_run) {
    const notes = ["Steps that come back are not looked for yet. Nothing was stored or spent."];
    return [...toldSurvey(result), ...(estimate ? toldEstimate(estimate) : []), ...notes].join("\n");
  }
  if (result.prepared !== undefined) return [...toldSurvey(result), ...toldPrepared(result)].join("\n");
  if (result.declined)
    return "Nothing was spent. The traces are recorded; the same command with --yes goes on from here.";
  return learned === undefined ? "" : toldLearned(learned).join("\n");
}

function toldPrepared({
  prepared: handbooks = [],
  prompt_tokens = 0,
  variables = [],
  problems,
}: LearnResult): string[] {
  const named =
    handbooks.length === 1 && handbooks[0] === DEFAULT_HANDBOOK
      ? ""
      : ` on the handbook ${handbooks.join(", then ")}`;
  return [
    ...(problems > 0
      ? ["No model is set to solve problems: HANDBOOK_MODEL, or HANDBOOK_STUDENT for another one."]
      : []),
    ...(handbooks.length > 0
      ? [
          `They wait in this order for an agent, with prompts of about ${n(prompt_tokens)} tokens in all. It may stop at any time: what is worth most comes first. Tell yours:`,
          `  "Call reflect_and_extract without trace_ids${named}, follow its prompt, and hand the result to submit_reflection. Repeat until it says NOTHING_TO_REFLECT_ON."`,
          ...(variables.length > 0
            ? [
                `Its server needs the same ${variables.join(" and ")}: many clients pass on only what their configuration sets under "env".`,
              ]
            : []),
          "Or set HANDBOOK_MODEL and give this command again.",
        ]
      : []),
  ];
}

function toldLearned(learned: NonNullable<LearnResult["learned"]>): string[] {
  const { decisions, calls, input_tokens, output_tokens, failed, kept, left } = learned;
  const isIdle = learned.reflections + calls + failed.length + left === 0;
  if (isIdle) return ["Nothing was spent."];
  const each =
    kept > 0 ? `, ${n(Math.round(tokensOf(learned) / kept))} tokens for each behavior that is kept` : "";
  const isTooLittle = left > 0 && calls + failed.length === 0 && !learned.gaveUp;
  const nextStep = isTooLittle ? "Give it a larger --budget." : "The same command does what is missing.";
  const why = learned.gaveUp ? "the endpoint failed again and again" : "the budget would not hold them";
  return [
    `${learned.solved > 0 ? `${counted(learned.solved, "problem")} solved. ` : ""}${counted(learned.reflections, "reflection")}: ${n(decisions.add)} added, ${n(decisions.strengthen)} strengthened, ${n(decisions.merge)} merged, ${n(decisions.revise)} revised, ${n(decisions.reject)} rejected.`,
    `Cost: ${counted(calls, "call")} paid, ${counted(learned.from_file, "answer")} from the file, ${n(input_tokens)} tokens in and ${n(output_tokens)} out${money(learned)}${each}.`,
    ...failed.slice(0, LISTED).map(({ what, reason }) => `Failed: ${what}: ${reason}`),
    ...(failed.length > LISTED ? [`and ${n(failed.length - LISTED)} more failed`] : []),
    ...(left > 0 ? [`${n(left)} not begun: ${why}.`] : []),
    ...(failed.length > 0 || left > 0 ? [nextStep] : []),
  ];
}

function money({ money: dollars }: { money?: number }): string {
  return dollars === undefined ? "" : ` ($${dollars.toFixed(2)})`;
}

function counted(number: number, noun: string): string {
  return `${n(number)} ${noun}${number === 1 ? "" : "s"}`;
}

function n(number: number): string {
  return number.toLocaleString("en");
}
