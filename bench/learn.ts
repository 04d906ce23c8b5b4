import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeArray, writeLines } from "./drawn-transcripts.ts";
import type { Figures } from "./learn-process.ts";
import { atMost, BadCall, type Options, type Result, type Row, row } from "./report.ts";
import { ENTRY, environment, inTempDirectory } from "./servers.ts";

const READER = join(import.meta.dirname, "learn-process.ts");
const LEAST_MB_S = 20;
const MOST_MB = 400;
const MOST_RECURRING_S = 120;

type Part = Pick<Result, "keys" | "rows" | "faults">;

/** What learning from transcripts takes: each part measures one step of it. */
export async function run(options: Options): Promise<Result> {
  const parts = [await readingOfData(options), await recurringInData(options), await readingOfSize(options)];
  return {
    keys: Object.assign({}, ...parts.map(({ keys }) => keys)),
    rows: parts.flatMap(({ rows }) => rows),
    faults: parts.flatMap(({ faults }) => faults),
  };
}

/** Every row of the real sets is read, or refused with a reason. */
async function readingOfData({ data }: Options): Promise<Part> {
  if (data === undefined) {
    console.error("without --data the real sets are left out");
    return { keys: {}, rows: [], faults: [] };
  }
  const paths = ["traces", "trajectories"].map((name) => join(data, name));
  if (!paths.every((path) => existsSync(path)))
    throw new BadCall(`${data} has no traces/ or no trajectories/`);
  const { traces, refused, files_refused, reasons, peak_mb } = await readBy(paths);
  for (const reason of reasons) console.error(`refused: ${reason}`);
  return {
    keys: { rows_read: traces, rows_refused: refused, files_refused, data_peak_rss_mb: peak_mb },
    rows: [
      row("traces read in --data", traces, ""),
      row("… rows refused, with a reason", refused, ""),
      row("… files that are no transcripts", files_refused, ""),
      row("… most memory", peak_mb, "MB", atMost(MOST_MB, peak_mb, "MB")),
    ],
    faults: [],
  };
}

/** How long it takes to find what comes back in the sets of reasoning. */
async function recurringInData({ data }: Options): Promise<Part> {
  if (data === undefined) return { keys: {}, rows: [], faults: [] };
  return inTempDirectory(async (home) => {
    const env = environment({ HANDBOOK_HOME: home });
    const began = performance.now();
    const run = promisify(execFile)(process.execPath, [ENTRY, "recurring", "--json", join(data, "traces")], {
      env,
    });
    const { groups, tokens_at_stake } = JSON.parse((await run).stdout);
    const seconds = (performance.now() - began) / 1000;
    const largest = groups[0]?.problems ?? 0;
    return {
      keys: { recurring_s: seconds, recurring_tokens_at_stake: tokens_at_stake },
      rows: [
        row("steps that come back, found in", seconds, "s", atMost(MOST_RECURRING_S, seconds, "s")),
        row("… problems of the one with most at stake", largest, ""),
      ],
      faults: [],
    };
  });
}

/** Made-up transcripts of every kind in one file of lines, and a quarter as much as one JSON array. */
async function readingOfSize({ megabytes = 2048 }: Options): Promise<Part> {
  return inTempDirectory(async (directory) => {
    const kinds = [
      {
        name: "read",
        what: "lines",
        path: join(directory, "transcripts.jsonl"),
        write: writeLines,
        share: 1,
      },
      {
        name: "array",
        what: "a JSON array",
        path: join(directory, "runs.json"),
        write: writeArray,
        share: 4,
      },
    ];
    const keys: Record<string, number> = {};
    const rows: Row[] = [];
    const faults: string[] = [];
    for (const { name, what, path, write, share } of kinds) {
      const size = Math.ceil(megabytes / share);
      console.error(`writing ${size} MB of ${what}`);
      const written = await write(path, size * 1024 * 1024);
      const { traces, refused, seconds, peak_mb } = await readBy([path]);
      if (traces !== written) faults.push(`${written} traces were written as ${what}, ${traces} read`);
      const speed = statSync(path).size / 1024 / 1024 / seconds;
      keys[`${name}_mb_s`] = speed;
      keys[name === "read" ? "peak_rss_mb" : `${name}_peak_rss_mb`] = peak_mb;
      rows.push(
        row(`${size} MB of ${what}: traces read`, traces, ""),
        row("… refused", refused, ""),
        row("… speed", speed, "MB/s", { text: `> ${LEAST_MB_S} MB/s`, holds: speed > LEAST_MB_S }),
        row("… most memory", peak_mb, "MB", atMost(MOST_MB, peak_mb, "MB")),
      );
    }
    return { keys, rows, faults };
  });
}

/** In a process of its own, so that nothing else is in its memory. */
async function readBy(paths: readonly string[]): Promise<Figures> {
  return inTempDirectory(async (home) => {
    const env = environment({ HANDBOOK_HOME: home });
    const { stdout } = await promisify(execFile)(process.execPath, [READER, ...paths], { env });
    return JSON.parse(stdout);
  });
}
