import type { KnownRecurrence, RecurrenceReport } from "../lifecycle/recur.ts";
import { several, whole } from "../rules/lift/figures.ts";
import { escaped, figure, page, section, table } from "./page-parts.ts";
import { oneLine, recurrenceRows, recurringTitle, STAKE_NOTE } from "./recurring-text.ts";
import { countsPlot } from "./report-plots.ts";

const LABEL = 32; // characters

/** Tokens at stake of each step, as bars. */
export function recurringPlot(groups: readonly KnownRecurrence[]): Promise<string> {
  return countsPlot(
    groups.map(({ says, tokens_at_stake, problems, covered_by }, i) => ({
      // The number keeps apart what begins with the same words.
      label: `${i + 1}. ${oneLine(says, LABEL)}`,
      n: tokens_at_stake,
      text: `${whole(tokens_at_stake)} in ${several(problems, "problem")}${covered_by === undefined ? "" : ", covered"}`,
    })),
  );
}

/** The steps as one page: plot, table, and where each of them stands. */
export async function recurringPage(report: RecurrenceReport, groups: number): Promise<string> {
  const title = "Steps that come back";
  const header = `<header><h1>${title}</h1><p>${escaped(recurringTitle(report, groups))}</p></header>`;
  if (report.groups.length === 0) return page(title, [header]);
  return page(title, [
    header,
    section(
      "Tokens at stake",
      figure(await recurringPlot(report.groups), "Tokens at stake of each step", "In the table below."),
      table(recurrenceRows(report.groups).map((row) => [...row.slice(-1), ...row.slice(0, -1)])),
      `<p class="note">${escaped(STAKE_NOTE)}</p>`,
    ),
    section("Where they stand", ...report.groups.map(examples)),
  ]);
}

function examples({ says, examples, covered_by }: KnownRecurrence): string {
  const places = examples.map(
    ({ trace_id, text }) => `<dt>${escaped(trace_id)}</dt><dd>${escaped(text)}</dd>`,
  );
  const told = covered_by === undefined ? "No behavior tells it yet." : `Told by ${covered_by}.`;
  return `<h3>${escaped(oneLine(says, 100))}</h3><p class="note">${escaped(told)}</p><dl>${places.join("")}</dl>`;
}
