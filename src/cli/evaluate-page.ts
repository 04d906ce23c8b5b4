import { several } from "../rules/lift/figures.ts";
import { accuracyByBudget, accuracyByTokens } from "./evaluate-plots.ts";
import type { EvaluationResult } from "./evaluate-run.ts";
import { accuracyRows, comparisonRows, notesOf, titleOf, tokenRows } from "./evaluate-text.ts";
import { escaped, figure, page, section, table } from "./page-parts.ts";

const LISTED = 500; // a browser gets slow with more
const WORDS = "In the tables below.";

/** An evaluation as one page: no script, nothing from elsewhere, the plots drawn already. */
export async function evaluationPage(result: EvaluationResult): Promise<string> {
  const { cells, failures, refused } = result;
  const title = `What is the handbook “${result.handbook}” worth?`;
  const comparisons = comparisonRows(result);
  const hasStages = cells.some(({ output_tokens, all_output_tokens }) => output_tokens !== all_output_tokens);
  const hasFigures = cells.some(({ accuracy }) => accuracy !== undefined);
  return page(title, [
    `<header><h1>${escaped(title)}</h1><p>${escaped(titleOf(result))}</p></header>`,
    ...(hasFigures
      ? [
          section(
            "Accuracy against tokens",
            figure(
              await accuracyByTokens(cells, "output_tokens"),
              "Accuracy against mean output tokens of the answer, a point for each budget",
              WORDS,
            ),
            ...(hasStages
              ? [
                  figure(
                    await accuracyByTokens(cells, "all_output_tokens"),
                    "The same against the output tokens of all stages, first attempts and reflections included",
                    WORDS,
                  ),
                ]
              : []),
            figure(await accuracyByBudget(cells), "Accuracy by budget, with 95 % intervals", WORDS),
          ),
        ]
      : []),
    ...(comparisons.length > 1 ? [section("Against the baselines", table(comparisons))] : []),
    section("Accuracy", table(accuracyRows(result))),
    section("Tokens and cost of an answer", table(tokenRows(result))),
    section("How to read it", ...notesOf(result).map((note) => `<p>${escaped(note)}</p>`)),
    ...(failures.length > 0
      ? [
          section(
            "Missing",
            `<p>${escaped(several(failures.length, "attempt"))} came to nothing${failures.length > LISTED ? `; the first ${LISTED}` : ""}.</p>`,
            table([
              ["problem", "arm", "budget", "seed", "why"],
              ...failures
                .slice(0, LISTED)
                .map(({ problem, arm, budget, seed, failure: { message } }) => [
                  problem,
                  arm,
                  String(budget),
                  String(seed),
                  message,
                ]),
            ]),
          ),
        ]
      : []),
    ...(refused.length > 0
      ? [
          section(
            "Not read",
            table([
              ["line", "why"],
              ...refused.slice(0, LISTED).map(({ line, reason }) => [String(line), reason]),
            ]),
          ),
        ]
      : []),
  ]);
}
