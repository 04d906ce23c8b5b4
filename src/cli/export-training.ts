import { basename, extname } from "node:path";
import { readTestSet } from "../adapters/readers/problems-reader.ts";
import { HandbookError } from "../errors.ts";
import { type Collection, checkCollected, collectTraining, type Wanted } from "../lifecycle/collect.ts";
import { trainingRows, type Version } from "../lifecycle/compose.ts";
import { handbookToRead } from "../lifecycle/handbooks.ts";
import type { Evidence, Outcome } from "../model/outcome.ts";
import type { Ports } from "../ports.ts";
import { several } from "../rules/lift/figures.ts";
import { replyText } from "../rules/training/reply.ts";
import { counted, dataCard, newAccount } from "./data-card.ts";
import { type ThinkingLayout, type TrainingFormat, trainingFile } from "./training-formats.ts";
import { checkWritable, writeWhole } from "./whole-file.ts";

export interface TrainingOptions {
  format: TrainingFormat;
  version?: Version | "both" | undefined;
  thinking: ThinkingLayout;
  outcome: Outcome[];
  evidence: Evidence[];
  handbook?: string | undefined;
  since?: string | undefined;
  perProblem: number;
  margin: number;
  most?: number | undefined;
  testSet?: string | undefined;
  keepLeaks?: boolean | undefined;
}

/**
 * Writes training data and its card beside it. Nothing is written when something is wrong with what was asked for.
 *
 * Throws: INVALID_INPUT, BAD_FILE, UNKNOWN_HANDBOOK.
 */
export async function exportTraining(ports: Ports, out: string, options: TrainingOptions): Promise<string[]> {
  const { format, thinking } = options;
  const versions = versionsOf(options);
  const isPairs = format === "dpo";
  const files = (isPairs ? [undefined] : versions).map((version) => ({
    version,
    path: versions.length > 1 && version !== undefined ? withVersion(out, version) : out,
  }));
  const card = `${out}.card.md`;
  const read = options.testSet === undefined ? [] : [options.testSet];
  await checkWritable([...files.map(({ path }) => path), card], read);
  if (options.handbook !== undefined) await handbookToRead(ports.ledger, options.handbook);
  const problems = options.testSet === undefined ? undefined : await readTestSet(options.testSet);

  const wanted: Wanted = {
    ...options,
    versions,
    thinking: thinking === "field" ? "keep" : thinking,
    outcomes: options.outcome,
    pairs: isPairs ? { margin: options.margin } : undefined,
    tests: problems?.map(({ task }) => task),
    keepLeaks: options.keepLeaks ?? false,
  };
  const collection = await collectTraining(ports, wanted);
  checkCollected(collection);

  const accounts = [];
  for (const { version, path } of files) {
    const account = newAccount(basename(path), version ?? "pairs");
    const rows = trainingRows(ports, collection.rows, versions, version);
    const text = (reply: Parameters<typeof replyText>[0]) => replyText(reply, wanted.thinking);
    await writeWhole(path, trainingFile(counted(rows, account, ports, text), format, thinking));
    accounts.push(account);
  }
  const facts = {
    command: commandLine(),
    made: ports.now().toISOString(),
    format,
    filters: filtersOf(options),
    collection,
    ...(problems && {
      tests: { file: basename(options.testSet ?? ""), problems, kept: wanted.keepLeaks },
    }),
  };
  await writeWhole(card, [dataCard(accounts, facts)]);
  return [
    ...accounts.map(({ rows }, i) => `Wrote ${several(rows, "row")} to ${files[i]?.path}`),
    ...(problems === undefined ? [] : [leaksTold(collection, wanted.keepLeaks)]),
    `What they are, and what was left out: ${card}`,
  ];
}

function leaksTold({ leaks }: Collection, areKept: boolean): string {
  const traces = leaks.reduce((sum, leak) => sum + leak.traces, 0);
  const what = `${several(traces, "trace")} of problems of the test set`;
  return areKept && traces > 0
    ? `WARNING: ${what} were kept: what is trained on this cannot be tested on that set`
    : `${what} were left out`;
}

function versionsOf({ format, version, thinking }: TrainingOptions): Version[] {
  if (thinking === "field" && format !== "sft") {
    throw new HandbookError("INVALID_INPUT", `${format} has no field for thinking`, {
      fix: "Pass --thinking keep or drop, or --format sft",
    });
  }
  if (format === "dpo") {
    if (version === "behaviors-in-prompt") {
      throw new HandbookError(
        "INVALID_INPUT",
        "a pair has one prompt, and its traces had different behaviors",
        {
          fix: "Leave --version out, or pass plain, behaviors or both",
        },
      );
    }
    return version === undefined || version === "both" ? ["plain", "behaviors"] : [version];
  }
  return version === "both" ? ["plain", "behaviors"] : [version ?? "plain"];
}

/** `train.jsonl` as `train.plain.jsonl`. */
function withVersion(path: string, version: Version): string {
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)}.${version}${extension}`;
}

function filtersOf(options: TrainingOptions): string[] {
  const { format, outcome, evidence, handbook, since, thinking, perProblem, margin, most } = options;
  return [
    format === "dpo" ? "outcome success and failure" : `outcome ${outcome.join(" or ")}`,
    `stated by ${evidence.join(" or ")}`,
    `handbook ${handbook ?? "any"}`,
    ...(since === undefined ? [] : [`recorded since ${since}`]),
    `thinking ${thinking}`,
    `at most ${perProblem} replies a problem`,
    ...(format === "dpo" ? [`short over long from ${Math.round(margin * 100)} % shorter on`] : []),
    ...(most === undefined ? [] : [`the ${most} rows that cover most, best first`]),
  ];
}

/** How this program was called, to be called so again. */
function commandLine(): string {
  const quoted = process.argv
    .slice(2)
    .map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : JSON.stringify(part)));
  return ["handbook", ...quoted].join(" ");
}
