import type { Arm, Attempted, Row } from "../../model/evaluation.ts";
import { bootstrap, type Interval } from "../bootstrap.ts";
import type { Prices } from "../lift/account.ts";

/** One arm at one budget. Means are over problems, of each problem's mean over its seeds. */
export interface Cell {
  arm: Arm;
  budget: number;
  problems: number;
  answers: number;
  /** Jobs that came to nothing; they count nowhere. */
  missing: number;
  /** Absent, like all figures, where there is no answer. */
  accuracy?: Interval;
  /** Share of the answers that were cut off at the budget. */
  cut?: number;
  output_tokens?: number;
  all_output_tokens?: number;
  all_input_tokens?: number;
  /** Money of one answer with all that went before it. */
  cost?: number;
  against: Comparison[];
}

/** An arm against another one on the problems and seeds that both answered. */
export interface Comparison {
  arm: Arm;
  problems: number;
  /** Difference of accuracies. */
  accuracy: Interval;
  /** Output tokens of the last stage, and of all stages, by those of the other arm. */
  output_ratio: Interval;
  all_output_ratio: Interval;
  /** Money saved per answer; negative where the arm is dearer. */
  saved: Interval;
}

/** What each arm is compared with: all with plain asking, two of them also with the paper's own baseline. */
const BASELINES: Partial<Record<Arm, readonly Arm[]>> = {
  behaviors: ["plain"],
  "critique-revise": ["plain"],
  "self-improve": ["plain", "critique-revise"],
  "plain-sft": ["plain"],
  "behavior-sft": ["plain", "plain-sft"],
};

/** Cells by budget and then in the order of the arms. The same rows give the same figures, in whichever order they came. */
export function summarize(
  rows: readonly Row[],
  { arms, budgets }: { arms: readonly Arm[]; budgets: readonly number[] },
  prices: Prices,
): Cell[] {
  return budgets.flatMap((budget) =>
    arms.map((arm) => {
      const all = rows.filter((row) => row.arm === arm && row.budget === budget);
      const mine = all.filter(isAnswered);
      const others = (BASELINES[arm] ?? []).filter((other) => arms.includes(other));
      return {
        arm,
        budget,
        missing: all.length - mine.length,
        ...figuresOf(mine, prices),
        against: others.flatMap((other) => {
          const theirs = rows.filter((row) => row.arm === other && row.budget === budget).filter(isAnswered);
          return comparison(mine, theirs, other, prices);
        }),
      };
    }),
  );
}

function isAnswered(row: Row): row is Attempted {
  return !("failure" in row);
}

/** What an answer cost with all that went before it. */
export function costOf({ all: { input, cached, output } }: Pick<Attempted, "all">, prices: Prices): number {
  return ((input - cached) * prices.input + cached * prices.cached + output * prices.output) / 1_000_000;
}

function figuresOf(rows: readonly Attempted[], prices: Prices) {
  const problems = byProblem(rows);
  if (problems.length === 0) return { problems: 0, answers: 0 };
  const overProblems = (figure: (row: Attempted) => number) =>
    average(problems.map((own) => average(own.map(figure))));
  return {
    problems: problems.length,
    answers: rows.length,
    accuracy: bootstrap(problems.map((own) => average(own.map(rightness)))),
    cut: overProblems(({ is_cut }) => Number(is_cut)),
    output_tokens: overProblems(({ last }) => last.output),
    all_output_tokens: overProblems(({ all }) => all.output),
    all_input_tokens: overProblems(({ all }) => all.input),
    cost: overProblems((row) => costOf(row, prices)),
  };
}

function comparison(
  mine: readonly Attempted[],
  theirs: readonly Attempted[],
  arm: Arm,
  prices: Prices,
): Comparison[] {
  const other = new Map(theirs.map((row) => [`${row.seed} ${row.problem}`, row]));
  const pairs = mine.flatMap((row) => {
    const twin = other.get(`${row.seed} ${row.problem}`);
    return twin === undefined ? [] : [{ problem: row.problem, row, twin }];
  });
  const problems = byProblem(pairs);
  if (problems.length === 0) return [];
  type Pair = (typeof pairs)[number];
  const means = (figure: (pair: Pair) => number) => problems.map((own) => average(own.map(figure)));
  const ratio = (tokens: (row: Attempted) => number) =>
    bootstrap(
      means(({ row }) => tokens(row)),
      means(({ twin }) => tokens(twin)),
    );
  return [
    {
      arm,
      problems: problems.length,
      accuracy: bootstrap(means(({ row, twin }) => rightness(row) - rightness(twin))),
      output_ratio: ratio(({ last }) => last.output),
      all_output_ratio: ratio(({ all }) => all.output),
      saved: bootstrap(means(({ row, twin }) => costOf(twin, prices) - costOf(row, prices))),
    },
  ];
}

/** In the order of the problems' names: a resample depends on it. */
function byProblem<T extends { problem: string }>(rows: readonly T[]): T[][] {
  return [...Map.groupBy(rows, ({ problem }) => problem)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, own]) => own);
}

function rightness({ is_right }: Attempted): number {
  return Number(is_right);
}

function average(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
