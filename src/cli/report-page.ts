import type { HandbookReport } from "../lifecycle/measure.ts";
import { percent, several, shareOf, whole } from "../rules/lift/figures.ts";
import type { Effect } from "../rules/lift/lift.ts";
import { type Sentences, sentences } from "../rules/lift/sentences.ts";
import type { Timeline, TimelinePoint } from "../rules/lift/timeline.ts";
import { escaped, figure, page, prose, section, table } from "./page-parts.ts";
import { countsPlot, estimatePlot, forestPlot, sharesPlot, timelinePlot } from "./report-plots.ts";
import {
  ARMS_NOTE,
  accountRows,
  armRows,
  behaviorRows,
  citationRows,
  mostMeasured,
} from "./report-tables.ts";
import { LABELS, titleOf } from "./report-text.ts";

const MOST = 30; // behaviors in a plot

/** A report as one page: no script, nothing from elsewhere, the plots drawn already. */
export async function reportPage(report: HandbookReport, timeline: Timeline): Promise<string> {
  const { lift, account, most_cited, attention } = report;
  const told = sentences(report);
  const title = `Does the handbook “${report.handbook}” help?`;
  const measured = mostMeasured(lift.behaviors, MOST);
  const parts = [
    `<header><h1>${escaped(title)}</h1><p>${escaped(titleOf(report))}</p></header>`,
    `<section class="headline" aria-label="Result">${headline(told)}</section>`,
    section(
      "With and without",
      table(armRows(lift)),
      `<p class="note">${escaped(ARMS_NOTE)}</p>`,
      // An interval that is not trusted is not drawn either.
      ...(lift.returns.tokens.differs
        ? []
        : await estimates(lift.handbook.token_ratio, "Output tokens, with / without", told.tokens)),
      ...(await estimates(lift.handbook.tested, "Tested success, with - without", told.tested)),
    ),
    ...whereThere(
      "Over time",
      ...(await overTime(
        timeline.tokens,
        ",.0f",
        whole,
        "Output tokens of a task, geometric mean of all up to then",
      )),
      ...(await overTime(timeline.tested, ".0%", percent, "Tested success, mean of all up to then")),
    ),
    section("Tasks, counts and reports", list(told, "arms", "counted", "reports", "limits")),
    section("Is it used?", await used(report, told), list(told, "use", "contamination")),
    section(
      "One behavior at a time",
      ...(await forest(measured)),
      list(told, "behaviors"),
      ...(measured.length === 0 ? [] : [table(behaviorRows(measured))]),
      ...notShown(measured, lift.behaviors).map((note) => `<p class="note">${escaped(note)}</p>`),
    ),
    section("Citations", ...(await citations(most_cited)), list(told, "cited")),
    section("Account", table(accountRows(account)), list(told, "account")),
    section(
      "To look at",
      attention.length === 0
        ? "<p>No behavior.</p>"
        : table([["behavior", "why"], ...attention.map(({ name, why }) => [name, why])]),
    ),
    section("Switch it off", list(told, "off")),
  ];
  return page(title, parts);
}

function headline({ tokens, tested, success, trustworthy }: Sentences): string {
  const card = (label: string, text: string) => `<div><h2>${escaped(label)}</h2><p>${prose(text)}</p></div>`;
  return [
    card("Tokens", tokens),
    card("Success", `Tested: ${tested}.`).replace(
      "</div>",
      `<p>${prose(`Whoever told: ${success}.`)}</p></div>`,
    ),
    card("Trust", trustworthy),
  ].join("");
}

async function estimates(effect: Effect, caption: string, words: string): Promise<string[]> {
  if (effect.series.length < 2) return [];
  return [
    figure(
      await estimatePlot(effect),
      `${caption}, with the interval that holds however often one looks`,
      words,
    ),
  ];
}

async function overTime(
  points: readonly TimelinePoint[],
  format: string,
  written: (mean: number) => string,
  caption: string,
): Promise<string[]> {
  if (points.length < 2) return [];
  const last = (["served", "control"] as const).map(
    (arm) => points.findLast((point) => point.arm === arm)?.mean,
  );
  const [served, control] = last.map((mean) => (mean === undefined ? "nothing yet" : written(mean)));
  return [
    figure(
      await timelinePlot(points, format),
      caption,
      `At last ${served} with the handbook, ${control} without.`,
    ),
  ];
}

async function used(
  { counts: { rates }, lift: { returns } }: HandbookReport,
  { use }: Sentences,
): Promise<string> {
  const share = (label: string, part: number, of: number) => ({
    label,
    share: of === 0 ? 0 : part / of,
    text: shareOf(part, of),
  });
  const { served, control } = returns.trace;
  const plot = await sharesPlot([
    share("asked before the work", rates.after_retrieval, rates.recorded),
    share("reported after it", rates.returned, rates.episodes),
    share("reported, of those served all", served.returned, served.episodes),
    share("reported, of those served nothing", control.returned, control.episodes),
    share("cited what was served", rates.citing, rates.served),
  ]);
  return figure(plot, "How far agents go along the loop", use);
}

async function forest(measured: HandbookReport["lift"]["behaviors"]): Promise<string[]> {
  const known = measured.filter(({ token_ratio }) => token_ratio.estimate !== undefined);
  if (known.length === 0) return [];
  return [
    figure(await forestPlot(known), "What each behavior does to the output tokens", "In the table below."),
  ];
}

async function citations(cited: HandbookReport["most_cited"]): Promise<string[]> {
  if (cited.length === 0) return [];
  const counts = cited.map(({ name, cited, succeeded, failed }) => ({
    label: name,
    n: cited,
    text: `${whole(cited)}: ${whole(succeeded)} succeeded, ${whole(failed)} failed`,
  }));
  return [figure(await countsPlot(counts), "Cited most", "In the table below."), table(citationRows(cited))];
}

/** What the table of behaviors leaves out. */
function notShown(shown: HandbookReport["lift"]["behaviors"], all: HandbookReport["lift"]["behaviors"]) {
  const known = mostMeasured(all, all.length).length;
  const unknown = all.length - known;
  return [
    ...(known > shown.length
      ? [`The ${whole(shown.length)} that were withheld most, of ${whole(known)}.`]
      : []),
    ...(unknown > 0 ? [`Not enough data yet: ${several(unknown, "behavior")}.`] : []),
  ];
}

/** No heading where nothing stands below it. */
function whereThere(title: string, ...parts: string[]): string[] {
  return parts.length === 0 ? [] : [section(title, ...parts)];
}

function list(told: Sentences, ...keys: (keyof Sentences)[]): string {
  const items = keys.map((key) => `<dt>${escaped(LABELS[key])}</dt><dd>${prose(told[key])}</dd>`);
  return `<dl>${items.join("")}</dl>`;
}
