import { statSync } from "node:fs";
import { Command } from "commander";
import type { Refused } from "../adapters/readers/import-faults.ts";
import { type ImportFile, openImportFile } from "../adapters/readers/import-file.ts";
import type { RowRead } from "../adapters/readers/transcripts.ts";
import { type Loaded, loadHandbook } from "../lifecycle/load.ts";
import { recordTrace } from "../lifecycle/record.ts";
import type { Ports } from "../ports.ts";
import { handbookSlug } from "./arguments.ts";
import { importProgress, type Progress } from "./import-progress.ts";
import type { BehaviorSource, BehaviorsRead } from "./import-reading.ts";
import { print, withPorts } from "./open.ts";

/** How many refusals are told one by one. */
const LISTED = 20;

interface Refusals {
  refused: number;
  /** The first of them. */
  refusals: Refused[];
}
type Imported = Refusals & { read: number } & (
    | { kind: "traces"; new: number; known: number }
    | ({ kind: BehaviorSource; handbook: string } & Omit<Loaded, "kept">)
  );

interface Options {
  handbook?: string | undefined;
  license?: string | undefined;
  json?: boolean | undefined;
}

export function importCommand(): Command {
  return new Command("import")
    .description(
      "take in traces, transcripts of agents, or a handbook of this or another system, from a file or a folder of skills",
    )
    .argument(
      "<file>",
      "JSONL or JSON (also .gz); SKILL.md or a folder with some; the text of an ACE playbook, a Dynamic Cheatsheet or Buffer-of-Thoughts templates; told apart by content",
    )
    .option("--handbook <name>", "where it goes; else where the file says, else default", handbookSlug)
    .option("--license <terms>", "of traces whose file names no license, e.g. MIT; it stands in data cards")
    .option("--json", "print the counts as JSON, and no progress")
    .action(async (path: string, { handbook, license, json }: Options) => {
      const { reading, readingFolder } = await import("./import-reading.ts");
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
        const skills = await readingFolder(path, handbook);
        tell(await withPorts((ports) => importHandbook(ports, skills)), json);
        return;
      }
      await using file = await openImportFile(path);
      const read = await reading(file, handbook);
      const imported = await withPorts((ports) =>
        "rows" in read
          ? withProgress(file, json, (progress) =>
              importTraces(ports, read.rows, { handbook, license }, progress),
            )
          : importHandbook(ports, read),
      );
      tell(imported, json);
    });
}

function tell(imported: Imported, json: boolean | undefined): void {
  print(imported, json, () => told(imported));
  if (!json) for (const line of refusalLines(imported)) console.error(line);
  if (imported.read === 0) process.exitCode = 1;
}

async function importTraces(
  ports: Ports,
  rows: AsyncIterable<RowRead>,
  { handbook, license }: Options,
  progress: Progress,
): Promise<Imported> {
  const counts = { read: 0, new: 0, known: 0, refused: 0 };
  const refusals: Refused[] = [];
  for await (const row of rows) {
    if ("trace" in row) {
      const { isNew } = await recordTrace(ports, {
        ...row.trace,
        license: row.trace.license ?? license,
        ...(handbook && { handbook }),
      });
      counts.read++;
      counts[isNew ? "new" : "known"]++;
    } else {
      counts.refused++;
      if (refusals.length < LISTED) refusals.push(row);
    }
    progress.show(counts);
  }
  return { kind: "traces", ...counts, refusals };
}

async function importHandbook(ports: Ports, { kind, file, refused }: BehaviorsRead): Promise<Imported> {
  // A file of which nothing is left makes no handbook.
  const isSpoilt = file.behaviors.length === 0 && refused.length > 0;
  const { kept: _, ...loaded } = isSpoilt ? NOTHING : await loadHandbook(ports, file, "import");
  return {
    kind,
    handbook: file.handbook,
    read: file.behaviors.length,
    ...loaded,
    refused: refused.length,
    refusals: refused.slice(0, LISTED),
  };
}

const NOTHING: Loaded = { added: 0, revised: 0, unchanged: 0, kept: 0, quarantined: 0 };

async function withProgress<T>(
  file: ImportFile,
  quiet: boolean | undefined,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = quiet ? { show() {}, stop() {} } : await importProgress(file);
  try {
    return await work(progress);
  } finally {
    progress.stop();
  }
}

function told(imported: Imported): string {
  const count = (n: number, noun: string) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;
  const refused = `${imported.refused.toLocaleString("en")} refused`;
  if (imported.kind === "traces") {
    const { read, known } = imported;
    return `${count(read, "trace")} read: ${imported.new.toLocaleString("en")} new, ${known.toLocaleString("en")} known already. ${refused}.`;
  }
  const { handbook, read, added, revised, unchanged, quarantined } = imported;
  return [
    `${count(read, "behavior")} read into "${handbook}": ${added} added, ${revised} revised, ${unchanged} unchanged. ${refused}.`,
    ...(quarantined > 0 ? [`${count(quarantined, "behavior")} held back until a person approves.`] : []),
  ].join("\n");
}

function refusalLines({ refused, refusals }: Refusals): string[] {
  const lines = refusals.map(({ place, reason }) => `${place}: ${reason}`);
  return refused > refusals.length ? [...lines, `and ${refused - refusals.length} more`] : lines;
}
