import { markdownTable } from "markdown-table";
import type { KnownRecurrence, RecurrenceReport } from "../lifecycle/recur.ts";
import { percent, several, whole } from "../rules/lift/figures.ts";
import type { Rows } from "./report-tables.ts";

const WIDEST_STEP = 64; // characters

/** What was read, in a sentence or two. */
export function recurringTitle({ traces, problems, steps, share }: RecurrenceReport, groups: number): string {
  const sampled =
    share < 1 ? ` There was room for ${percent(share)} of the problems; each count is of these.` : "";
  return `${several(traces, "trace")} of ${several(problems, "problem")}, ${several(steps, "procedural step")}: ${several(groups, "step")} came back across problems.${sampled}`;
}

export const STAKE_NOTE =
  "Tokens at stake: what one attempt at each problem spends on the step, but for the problem that spends most. A behavior saves less: it has to be named, and the work on the numbers at hand stays.";

export function recurringText(report: RecurrenceReport, groups: number): string {
  const title = recurringTitle(report, groups);
  if (report.groups.length === 0) return title;
  const table = markdownTable(recurrenceRows(report.groups), { align: [..."rrrr", "l", "l"] });
  return [title, "", table, "", STAKE_NOTE].join("\n");
}

export function recurrenceRows(groups: readonly KnownRecurrence[]): Rows {
  return [
    ["tokens at stake", "problems", "occurrences", "median tokens", "covered by", "step"],
    ...groups.map((group) => [
      whole(group.tokens_at_stake),
      whole(group.problems),
      whole(group.occurrences),
      whole(group.median_tokens),
      group.covered_by ?? "",
      oneLine(group.says, WIDEST_STEP),
    ]),
  ];
}

/** The beginning of a text, on one line, without what would move a terminal's cursor. */
export function oneLine(text: string, most: number): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1).toWellFormed()}…`;
}
