import { Command, Option } from "commander";
import { TRANSCRIPT_FORMATS } from "../adapters/readers/transcript-formats.ts";
import { handbookSlug, wholeNumber } from "./arguments.ts";
import { dryRun, type LearnOptions, learn } from "./learn-run.ts";
import { toldResult } from "./learn-text.ts";
import { print, withPorts } from "./open.ts";

export function learnCommand(): Command {
  return new Command("learn")
    .description("turn traces that you have into behaviors")
    .argument(
      "<path...>",
      "files, directories or globs of traces, or of problems that are to be solved first",
    )
    .option("--handbook <name>", "where it goes; else where a trace says, else default", handbookSlug)
    .addOption(
      new Option("--from <format>", "what wrote them; auto: told by their content")
        .choices(["auto", ...TRANSCRIPT_FORMATS])
        .default("auto"),
    )
    .option("--budget <tokens>", "most tokens, of input and output, that it may spend", count)
    .option("--concurrency <n>", "questions that a model is asked at once", count, 4)
    .option("--timeout <seconds>", "longest that one answer may take", count, 300)
    .option("--dry-run", "print what is there, the plan and what it would cost; store and spend nothing")
    .option("--yes", "do not ask before it spends; needed where there is no terminal to ask at")
    .option("--json", "print JSON, and no progress")
    .action(async (paths: string[], options: LearnOptions) => {
      const result = options.dryRun
        ? await dryRun(paths, options)
        : await withPorts((ports, app) => learn(ports, app.config, paths, options));
      print(result, options.json, () => toldResult(result));
      const { read, problems, declined, learned } = result;
      if (read + problems === 0 || declined || (learned?.failed.length ?? 0) > 0) process.exitCode = 1;
    });
}

/** With commas, as people write large budgets. */
function count(value: string): number {
  return wholeNumber(value.replaceAll(/[,_]/g, ""));
}
