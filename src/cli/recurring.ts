import { Command, Option } from "commander";
import { TRANSCRIPT_FORMATS, type TranscriptFormat } from "../adapters/readers/transcript-formats.ts";
import { handbookToRead, homeHandbook } from "../lifecycle/handbooks.ts";
import { type RecurrenceReport, recur, type TraceToRead, tracesOf } from "../lifecycle/recur.ts";
import type { Ports } from "../ports.ts";
import { wholeNumber } from "./arguments.ts";
import { print, withPorts } from "./open.ts";
import { recurringText } from "./recurring-text.ts";
import { checkWritable, writeWhole } from "./whole-file.ts";

interface Options {
  handbook?: string;
  most: number;
  minProblems: number;
  json?: boolean;
  html?: string;
  svg?: string;
  from: TranscriptFormat | "auto";
}

const LISTED = 20; // refusals that are told one by one

export function recurringCommand(): Command {
  return new Command("recurring")
    .description("find the reasoning steps that come back across problems, and what they cost")
    .argument("[paths...]", "transcripts: files, folders or patterns; none: the traces that were recorded")
    .addOption(
      new Option("--from <format>", "what wrote them")
        .choices(["auto", ...TRANSCRIPT_FORMATS])
        .default("auto"),
    )
    .option(
      "--handbook <name>",
      "whose traces, and whose behaviors may cover a step; default: the one that is written to",
    )
    .option("--most <n>", "how many steps to show", wholeNumber, 20)
    .option(
      "--min-problems <n>",
      "in how many different problems a step must stand, 2 at least",
      wholeNumber,
      2,
    )
    .option("--json", "print JSON")
    .option("--html <file>", "write a page with a plot and examples, which needs no network")
    .option("--svg <file>", "write the plot")
    .action(async (paths: string[], options: Options) => {
      const files = [options.html, options.svg].filter((file) => file !== undefined);
      await checkWritable(files, paths);
      await withPorts((ports) => recurring(ports, paths, options));
      for (const file of files) console.error(`Wrote ${file}`);
    });
}

async function recurring(ports: Ports, paths: readonly string[], options: Options): Promise<void> {
  const { most, minProblems } = options;
  const handbook = options.handbook ?? homeHandbook(ports);
  if (paths.length === 0 || options.handbook !== undefined) await handbookToRead(ports.ledger, handbook);
  const refused: string[] = [];
  const traces =
    paths.length === 0 ? tracesOf(ports.ledger, handbook) : tracesIn(paths, options.from, refused);
  const found = await recur(ports, traces, { handbook, minProblems });
  const report: RecurrenceReport = { ...found, groups: found.groups.slice(0, most) };
  if (options.svg !== undefined || options.html !== undefined) {
    const { recurringPage, recurringPlot } = await import("./recurring-page.ts");
    if (options.svg !== undefined) await writeWhole(options.svg, [await recurringPlot(report.groups)]);
    if (options.html !== undefined)
      await writeWhole(options.html, [await recurringPage(report, found.groups.length)]);
  }
  print({ ...report, refused }, options.json, () => recurringText(report, found.groups.length));
  if (!options.json) for (const line of refused.slice(0, LISTED)) console.error(line);
  if (refused.length > LISTED && !options.json) console.error(`and ${refused.length - LISTED} more`);
  if (found.traces === 0 && paths.length > 0) process.exitCode = 1;
}

/** The traces of files, named by file and line; what cannot be read goes to `refused`. */
async function* tracesIn(
  paths: readonly string[],
  from: Options["from"],
  refused: string[],
): AsyncGenerator<TraceToRead> {
  const { readTranscripts } = await import("../adapters/readers/transcripts.ts");
  for await (const row of readTranscripts(paths, { from })) {
    const id = `${row.file}:${row.place.replace(/^(?:line|row) /, "")}`;
    if ("trace" in row) yield { ...row.trace, id };
    else refused.push(`${row.file}: ${row.place}: ${row.reason}`);
  }
}
