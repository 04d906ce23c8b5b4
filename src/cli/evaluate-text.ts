import { markdownTable } from "markdown-table";
import type { Interval } from "../rules/bootstrap.ts";
import type { Comparison } from "../rules/evaluation/summary.ts";
import { money, percent, points, range, ratio, several, whole } from "../rules/lift/figures.ts";
import { type EvaluationResult, knownNote } from "./evaluate-run.ts";
import type { Rows } from "./report-tables.ts";

const FEW = 30; // problems; below that an interval of the bootstrap is too narrow
const LISTED = 10;

/** The result as tables and notes for a terminal. */
export function evaluationText(result: EvaluationResult): string {
  const align = ["l", "l", ..."rrrrrrr"];
  const listed = result.failures.slice(0, LISTED);
  return [
    titleOf(result),
    "",
    markdownTable(accuracyRows(result), { align }),
    "",
    markdownTable(tokenRows(result), { align }),
    "",
    ...(comparisonRows(result).length > 1
      ? [markdownTable(comparisonRows(result), { align: ["l", ...align] }), ""]
      : []),
    ...notesOf(result),
    ...(listed.length === 0
      ? []
      : [
          "",
          `${several(result.failures.length, "attempt")} came to nothing; none of them counts as wrong:`,
          ...listed.map(
            ({ problem, arm, budget, seed, failure: { code, message } }) =>
              `  ${problem}, ${arm}, ${budget}, seed ${seed}: ${code}: ${message}`,
          ),
          ...(result.failures.length > LISTED
            ? [`  and ${whole(result.failures.length - LISTED)} more`]
            : []),
        ]),
  ].join("\n");
}

export function titleOf({ handbook, problems, seeds, model }: EvaluationResult): string {
  return `Handbook "${handbook}" on ${several(problems, "problem")}, ${several(seeds, "attempt")} each, solved by ${model}.`;
}

/** How often each arm was right, by budget. */
export function accuracyRows({ cells }: EvaluationResult): Rows {
  return [
    ["budget", "arm", "accuracy", "95 % interval", "cut off", "answers", "missing"],
    ...cells.map(({ budget, arm, accuracy, cut, answers, missing }) => [
      whole(budget),
      arm,
      ...(accuracy === undefined || cut === undefined
        ? ["", "", ""]
        : [share(accuracy.mean), range(accuracy, share), percent(cut)]),
      whole(answers),
      whole(missing),
    ]),
  ];
}

/** What each arm took, a mean answer. */
export function tokenRows({ cells }: EvaluationResult): Rows {
  return [
    ["budget", "arm", "output tokens", "of all stages", "input tokens", "cost"],
    ...cells.map(({ budget, arm, output_tokens, all_output_tokens, all_input_tokens, cost }) => [
      whole(budget),
      arm,
      ...[output_tokens, all_output_tokens, all_input_tokens].map((tokens) =>
        tokens === undefined ? "" : whole(tokens),
      ),
      cost === undefined ? "" : money(cost),
    ]),
  ];
}

/** Each arm against its baselines, on the problems and seeds that both answered. */
export function comparisonRows({ cells }: EvaluationResult): Rows {
  const row = ({ arm, accuracy, output_ratio, all_output_ratio, saved }: Comparison) => [
    arm,
    within(accuracy, points),
    within(output_ratio, ratio, " ×"),
    within(all_output_ratio, ratio, " ×"),
    within(saved, money),
  ];
  return [
    ["budget", "arm", "against", "accuracy, points", "output tokens", "of all stages", "saved per answer"],
    ...cells.flatMap(({ budget, arm, against }) =>
      against.map((other) => [whole(budget), arm, ...row(other)]),
    ),
  ];
}

/** What one has to know to read the tables. */
export function notesOf(result: EvaluationResult): string[] {
  const {
    problems,
    prices,
    are_example_prices,
    served,
    known_problems,
    cells,
    attempts,
    strategist,
    refused,
    top,
    by_topic,
  } = result;
  const improves = cells.some(({ arm }) => arm === "self-improve");
  return [
    "In parentheses: 95 % intervals, paired by problem, from resampling the problems.",
    ...(problems < FEW
      ? [`With fewer than ${FEW} problems they are too narrow: take the result as a hint.`]
      : []),
    ...(cells.some(({ accuracy }) => accuracy !== undefined && accuracy.low === accuracy.high)
      ? ["An interval of no width says that all problems were alike; the next one may still differ."]
      : []),
    "An answer that is cut off at its budget before it is given is wrong. A request that failed counts as missing.",
    ...(served === undefined
      ? []
      : [
          `Behaviors in a prompt: ${ratio(served)} on average, ${by_topic ? "all of the problem's topic" : `at most ${top}`}. What it cost to learn them is not in here.`,
        ]),
    ...(known_problems === undefined
      ? []
      : [
          known_problems > 0
            ? knownNote(known_problems, problems)
            : "No problem stands in the handbook's own traces.",
        ]),
    ...(improves
      ? [
          `Self-improvement: ${several(attempts, "first attempt")} by the student, reflected on by ${strategist}.`,
        ]
      : []),
    `Prices of a million tokens: ${money(prices.output)} output, ${money(prices.input)} input, ${money(prices.cached)} cached input${
      are_example_prices ? ", an example; set your own in HANDBOOK_PRICES" : ""
    }.`,
    ...(refused.length > 0
      ? [`${several(refused.length, "line")} of the file could not be read; see below.`]
      : []),
  ];
}

function within(interval: Interval, figure: (value: number) => string, unit = ""): string {
  return `${figure(interval.mean)}${unit} (${range(interval, figure)})`;
}

/** To a tenth of a percent. */
function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
