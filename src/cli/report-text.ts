import { markdownTable } from "markdown-table";
import type { HandbookReport } from "../lifecycle/measure.ts";
import { minute, several } from "../rules/lift/figures.ts";
import { type Sentences, sentences } from "../rules/lift/sentences.ts";
import { ARMS_NOTE, armRows } from "./report-tables.ts";

/** What each sentence is about, in the order of a report. */
export const LABELS: Record<keyof Sentences, string> = {
  tokens: "Tokens",
  tested: "Success, tested",
  success: "Success, all",
  trustworthy: "Trust",
  arms: "Tasks",
  counted: "Counts",
  reports: "Reports",
  use: "Use",
  behaviors: "One by one",
  cited: "Citing",
  account: "Account",
  contamination: "Leaks",
  limits: "Limits",
  off: "Switch off",
};

const HEADLINE = new Set<string>(["tokens", "tested", "success", "trustworthy"]);
const LABEL_WIDTH = 17;

/** A report of about one screen. */
export function reportText(report: HandbookReport, width: number): string {
  const told = Object.entries(sentences(report));
  const facts = (isHeadline: boolean) =>
    told
      .filter(([key]) => HEADLINE.has(key) === isHeadline)
      .map(([key, sentence]) => fact(LABELS[key as keyof Sentences], sentence, width));
  const attention = report.attention.slice(0, MOST).map(({ name, why }) => `${name} ${why}`);
  const more = report.attention.length - attention.length;
  return [
    `${titleOf(report)} Does it help?`,
    "",
    ...facts(true),
    "",
    ...(report.lift.counts.episodes > 0
      ? [markdownTable(armRows(report.lift), { align: ["l", ..."rrrrrr"] }), ARMS_NOTE, ""]
      : []),
    ...facts(false),
    ...(attention.length === 0
      ? []
      : [
          fact(
            "Look at",
            [...attention, ...(more > 0 ? [`${several(more, "more")}`] : [])].join("; "),
            width,
          ),
        ]),
  ].join("\n");
}

const MOST = 3;

/** Which handbook, and of which time. */
export function titleOf({ handbook, since, until }: HandbookReport): string {
  const from = since === undefined ? "" : ` from ${minute(since)}`;
  return `Handbook "${handbook}", tasks${from} that were over by ${minute(until)} UTC.`;
}

/** A label and its sentence, wrapped beside it. */
function fact(label: string, sentence: string, width: number): string {
  const lines = [""];
  for (const word of sentence.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && LABEL_WIDTH + last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.map((line, i) => `${(i === 0 ? label : "").padEnd(LABEL_WIDTH)}${line}`).join("\n");
}
