import { Command, InvalidArgumentError } from "commander";
import type { App } from "../app.ts";
import { measure, settledEpisodes } from "../lifecycle/measure.ts";
import type { Ports } from "../ports.ts";
import { sentences } from "../rules/lift/sentences.ts";
import { extend, startTimeline, timelineOf } from "../rules/lift/timeline.ts";
import { Since } from "../tools/handbook-report.ts";
import { print, withPorts } from "./open.ts";
import { csv } from "./report-csv.ts";
import { reportText } from "./report-text.ts";
import { checkWritable, writeWhole } from "./whole-file.ts";

interface Options {
  handbook?: string;
  since?: string;
  until?: string;
  json?: boolean;
  html?: string;
  csv?: string;
}

const NARROWEST = 80;
const WIDEST = 120;

export function reportCommand(): Command {
  return new Command("report")
    .description("tell whether a handbook helps: tokens and success with and without it, and what it costs")
    .option("--handbook <name>", "the handbook; default: the one that is written to")
    .option("--since <date>", "tasks from then on, e.g. 2026-11-01", instant)
    .option("--until <date>", "tasks that were over by then; default: now", instant)
    .option("--json", "print JSON")
    .option("--html <file>", "write a page with plots, which needs no network")
    .option("--csv <file>", "write a row per task, for statistics of your own")
    .action(async (options: Options) => {
      const files = [options.csv, options.html].filter((file) => file !== undefined);
      await checkWritable(files);
      await withPorts((ports, app) => report(ports, app, options));
      for (const file of files) console.error(`Wrote ${file}`);
    });
}

async function report(opened: Ports, { config }: App, options: Options): Promise<void> {
  const ports = { ...opened, settings: { ...opened.settings, prices: config.prices } };
  const measured = await measure(ports, options);
  const { handbook, since, until } = measured;
  const timeline = startTimeline();
  const episodes = async function* () {
    for await (const episode of settledEpisodes(ports, handbook, { since, until })) {
      extend(timeline, episode);
      yield episode;
    }
  };
  if (options.csv !== undefined) await writeWhole(options.csv, csv(episodes()));
  if (options.html !== undefined) {
    if (options.csv === undefined) for await (const _ of episodes());
    const { reportPage } = await import("./report-page.ts");
    await writeWhole(options.html, [await reportPage(measured, timelineOf(timeline))]);
  }
  const width = Math.min(WIDEST, Math.max(NARROWEST, process.stdout.columns ?? WIDEST));
  print({ ...measured, sentences: sentences(measured) }, options.json, () => reportText(measured, width));
}

function instant(value: string): string {
  const parsed = Since.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It ${parsed.error.issues[0]?.message}.`);
}
