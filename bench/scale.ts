import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { syntheticBehaviors, syntheticQueries } from "./data.ts";
import { makeLedger } from "./ledger.ts";
import { round, type Summary, summarize } from "./measure.ts";
import { atMost, type Options, type Result, type Row, row, type Table } from "./report.ts";
import { ADDED, type Loaded, type Memory, measureInProcess, type Searched } from "./scale-process.ts";
import { ENTRY, environment, initialize, inTempDirectory, type Server, startServer } from "./servers.ts";

const SEED = 5;
const STARTS = 7;
const WARM_UPS = 2;
const FIRST_BUILD_MS = 15 * 60_000;

/** What each size must keep: milliseconds and MB. */
const MUST: Record<number, { p50?: number; p95?: number; mb?: number; start?: number }> = {
  1000: { p50: 0.1, p95: 0.4 },
  10000: { p50: 0.3, p95: 0.8, mb: 25, start: 400 },
  100000: { p50: 1.5, p95: 4, mb: 150, start: 1200 },
  1000000: { p50: 15, p95: 40, mb: 200 },
};

interface Starts {
  /** To an answer from the whole index. */
  complete: Summary;
  /** To the first answer, whole or not. */
  first: Summary;
  partial: number;
}

interface Size {
  count: number;
  prepareS: number;
  /** To build the index outside the process; 0 where there is none. */
  onDiskMs: number;
  searched: Searched;
  loaded: Loaded;
  starts: Starts;
}

export async function run({ sizes = [] }: Options): Promise<Result> {
  return inTempDirectory(async (directory) => {
    const measured: Size[] = [];
    for (const count of sizes) measured.push(await measure(join(directory, String(count)), count));
    return report(measured);
  });
}

async function measure(home: string, count: number): Promise<Size> {
  const named = count.toLocaleString("en");
  console.error(`${named}: preparing the ledger`);
  const begun = performance.now();
  mkdirSync(home);
  await makeLedger(home, firstOf(syntheticBehaviors(count, SEED), count - ADDED));
  const prepareS = (performance.now() - begun) / 1000;
  console.error(`${named}: building what is kept on disk`);
  const onDiskMs = await reindex(home);
  console.error(`${named}: building what is not, and searching`);
  const searched = await measureInProcess<Searched>("search", home, count, SEED);
  console.error(`${named}: loading the index from its copy`);
  const loaded = await measureInProcess<Loaded>("load", home, count, SEED);
  console.error(`${named}: starting servers`);
  return { count, prepareS, onDiskMs, searched, loaded, starts: await startTimes(home, count) };
}

function* firstOf<T>(list: Iterable<T>, most: number): Generator<T> {
  let left = most;
  for (const one of list) if (left-- > 0) yield one;
}

/** Where there is an index outside the process, it is built as a person would, and measured when it is complete. */
async function reindex(home: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [ENTRY, "reindex", "--json"], {
    env: environmentOf(home),
  });
  const rebuilt = JSON.parse(stdout) as { seconds: number }[];
  return rebuilt.reduce((sum, { seconds }) => sum + seconds * 1000, 0);
}

function environmentOf(home: string): Record<string, string> {
  // Without the starters there are exactly as many behaviors as it says.
  const set = { HANDBOOK_STARTERS: "off", NODE_COMPILE_CACHE: join(home, "compile-cache") };
  return environment({ HANDBOOK_HOME: home, ...set });
}

async function startTimes(home: string, count: number): Promise<Starts> {
  const env = environmentOf(home);
  const queries = syntheticQueries(count, SEED);
  const starts: { first: number; complete: number; isPartial: boolean }[] = [];
  // The first starts may have to compile, and to build what no copy holds.
  for (let round = -WARM_UPS; round < STARTS; round++) {
    const server = startServer({ args: [ENTRY], env });
    try {
      await initialize(server);
      const first = await retrieve(server, queries.long());
      let last = first;
      while (last.isPartial && last.ms < FIRST_BUILD_MS) {
        await sleep(10);
        last = await retrieve(server, queries.long());
      }
      if (round >= 0) starts.push({ first: first.ms, complete: last.ms, isPartial: first.isPartial });
      if (round < 0) await sleep(1000); // for what it writes behind its answers
    } finally {
      await server.end();
    }
  }
  return {
    complete: summarize(starts.map(({ complete }) => complete)),
    first: summarize(starts.map(({ first }) => first)),
    partial: starts.filter(({ isPartial }) => isPartial).length / starts.length,
  };
}

async function retrieve(server: Server, task: string): Promise<{ ms: number; isPartial: boolean }> {
  const call = { name: "retrieve_behaviors", arguments: { task } };
  const { result, ms } = await server.request("tools/call", call);
  const { isError, structuredContent } = result as {
    isError?: boolean;
    structuredContent?: { sources: string[] };
  };
  if (isError || structuredContent === undefined) throw new Error(JSON.stringify(result));
  return { ms, isPartial: structuredContent.sources.includes("partial") };
}

function report(measured: readonly Size[]): Result {
  const sizes: Record<string, unknown> = {};
  const rows: Row[] = [];
  for (const { count, prepareS, onDiskMs, searched, loaded, starts } of measured) {
    const { short, long, head, retrieve, write, visible, calibration_ms } = searched;
    const timings = {
      p50_ms: short.p50,
      p95_ms: short.p95,
      long_p50_ms: long.p50,
      long_p95_ms: long.p95,
      head_p50_ms: head.p50,
      head_p95_ms: head.p95,
      retrieve_p50_ms: retrieve.p50,
      retrieve_p95_ms: retrieve.p95,
      write_p50_ms: write.p50,
      write_p95_ms: write.p95,
      visible_ms: visible.p50,
      visible_p95_ms: visible.p95,
      build_ms: onDiskMs + searched.build_ms,
      load_ms: loaded.load_ms,
      start_ms: starts.complete.p50,
      start_first_ms: starts.first.p50,
    };
    sizes[count] = {
      ...timings,
      start_partial_share: starts.partial,
      index_mb: loaded.resident_mb, // not only the heap: what LanceDB holds is on none of JavaScript's
      index_heap_mb: loaded.heap_mb,
      built_index_mb: searched.resident_mb,
      built_index_heap_mb: searched.heap_mb,
      process_rss_mb: loaded.process_rss_mb,
      calibration_ms,
      per_calibration: Object.fromEntries(
        Object.entries(timings).map(([name, ms]) => [name.replace(/_ms$/, ""), ms / calibration_ms]),
      ),
      prepare_s: prepareS,
    };
    const must = MUST[count] ?? {};
    const of = (what: string) => `${count.toLocaleString("en")}: ${what}`;
    const limit = (most: number | undefined, value: number, unit: string) =>
      most === undefined ? undefined : atMost(most, value, unit);
    rows.push(
      row(of("search, p50"), short.p50, "ms", limit(must.p50, short.p50, "ms"), short),
      row(of("search, p95"), short.p95, "ms", limit(must.p95, short.p95, "ms")),
      row(of("memory of the index"), loaded.resident_mb, "MB", limit(must.mb, loaded.resident_mb, "MB")),
      row(
        of("process start to the first answer from the whole index"),
        starts.complete.p50,
        "ms",
        limit(must.start, starts.complete.p50, "ms"),
        starts.complete,
      ),
    );
  }
  return {
    keys: { sizes },
    tables: [tableOf(measured)],
    rows,
    faults: measured.flatMap(({ searched }) => searched.faults),
  };
}

function tableOf(measured: readonly Size[]): Table {
  const line = (what: string, value: (size: Size) => string) => [what, ...measured.map(value)];
  const both = (what: string, of: (searched: Searched) => Summary) =>
    line(
      `${what}, p50 / p95 ms`,
      ({ searched }) => `${round(of(searched).p50, 3)} / ${round(of(searched).p95, 3)}`,
    );
  const memory = (what: string, of: (memory: Memory) => number) =>
    line(
      `index, ${what}: just built / opened, MB`,
      ({ searched, loaded }) => `${round(of(searched), 1)} / ${round(of(loaded), 1)}`,
    );
  const lines = [
    line("", ({ count }) => count.toLocaleString("en")),
    both("search, 3 to 8 words", ({ short }) => short),
    both("search, 20 to 60 words", ({ long }) => long),
    both("… of which to ask whether the ledger has changed", ({ head }) => head),
    both("whole retrieval with its durable write, 3 to 8 words", ({ retrieve }) => retrieve),
    both("the durable write alone", ({ write }) => write),
    both("added by another process, then found after", ({ visible }) => visible),
    line("build from the ledger, ms", ({ onDiskMs, searched }) =>
      String(round(onDiskMs + searched.build_ms, 0)),
    ),
    line("open from its copy on disk, ms", ({ loaded }) => String(round(loaded.load_ms, 0))),
    line(
      "process start to whole answer / first answer, ms",
      ({ starts }) => `${round(starts.complete.p50, 0)} / ${round(starts.first.p50, 0)}`,
    ),
    memory("objects and buffers", ({ heap_mb }) => heap_mb),
    memory("resident", ({ resident_mb }) => resident_mb),
    line("calibration loop, ms", ({ searched }) => String(round(searched.calibration_ms))),
  ];
  return { title: "By the number of behaviors", lines, align: ["l", ...measured.map(() => "r" as const)] };
}
