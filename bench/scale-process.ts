// What is measured inside a process: started anew for each size, so that none inherits the other's memory.
import { execFile, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { createApp } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { DEFAULT_LIMIT, retrieve } from "../src/lifecycle/retrieve.ts";
import type { Ports } from "../src/ports.ts";
import { syntheticBehaviors, syntheticQueries } from "./data.ts";
import { makeLedger } from "./ledger.ts";
import { calibrationMs, median, type Summary, summarize, timed } from "./measure.ts";
import { environment, UNDRAWN } from "./servers.ts";

export interface Searched extends Memory {
  build_ms: number;
  short: Summary;
  long: Summary;
  /** To ask the ledger whether anything has changed, which each search does first. */
  head: Summary;
  retrieve: Summary;
  write: Summary;
  visible: Summary;
  calibration_ms: number;
  faults: string[];
}

export interface Loaded extends Memory {
  load_ms: number;
  process_rss_mb: number;
}

type Mode = "search" | "load";

const HANDBOOK = "default";
const LIMIT = DEFAULT_LIMIT + 20; // what a retrieval asks the index for
const FEW = 100;
const WARM_UPS = 100;
const SEARCHES = 500;
const WRITES = 200;
/** Behaviors that another process adds while it is measured. */
export const ADDED = 20;
const MB = 1024 * 1024;

export async function measureInProcess<T>(mode: Mode, home: string, count: number, seed: number): Promise<T> {
  const args = ["--expose-gc", import.meta.filename, mode, home, String(count), String(seed)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: environment({}) });
  return JSON.parse(stdout);
}

if (process.argv[1] === import.meta.filename) {
  const [mode, home = "", count, seed] = process.argv.slice(2);
  const queries = syntheticQueries(Number(count), Number(seed));
  const measured = mode === "load" ? await load(home, queries) : await search(home, queries);
  process.stdout.write(JSON.stringify(measured));
}

type Queries = ReturnType<typeof syntheticQueries>;

async function search(home: string, queries: Queries): Promise<Searched> {
  const before = calibrationMs();
  const { built, ports, ms, close } = await open(home);
  const { index, ledger } = ports;
  const searchFor = (text: string) => index.search({ text, handbooks: [HANDBOOK], limit: LIMIT });
  const short = await times(queries.short, searchFor);
  const long = await times(queries.long, searchFor);
  const head = await times(queries.short, () => ledger.headSeq());
  const memory = await built();
  const faults: string[] = [];
  const retrieved: number[] = [];
  const written: number[] = [];
  for (let i = -WARM_UPS / 10; i < WRITES; i++) {
    const task = queries.short();
    const whole = await timed(async () => {
      const { sources } = await retrieve(ports, { task });
      if (sources.includes("partial")) faults.push("a search met an index that was not built");
    });
    const write = await timed(() => writeUse(ports, task));
    if (i >= 0) {
      retrieved.push(whole);
      written.push(write);
    }
  }
  const visible = await visibleTimes(home, ports);
  const after = calibrationMs();
  await close();
  return {
    build_ms: ms,
    ...memory,
    short,
    long,
    head,
    retrieve: summarize(retrieved),
    write: summarize(written),
    visible,
    calibration_ms: median([before, after]),
    faults,
  };
}

/** As servers run: the index is opened from disk, and searched. */
async function load(home: string, queries: Queries): Promise<Loaded> {
  const { built, ports, ms, close } = await open(home);
  await warmUp(ports, queries);
  const memory = await built();
  const process_rss_mb = process.memoryUsage.rss() / MB;
  await close();
  return { load_ms: ms, ...memory, process_rss_mb };
}

async function warmUp({ index }: Ports, { short, long }: Queries): Promise<void> {
  for (let i = 0; i < WARM_UPS; i++) {
    for (const text of [short(), long()]) await index.search({ text, handbooks: [HANDBOOK], limit: LIMIT });
  }
}

/**
 * Opens the program on a data directory and waits for its index. `built` tells what the index takes: the memory of
 * this process now, minus what it took when the same program had searched among a hundred behaviors.
 */
async function open(home: string) {
  const small = join(dirname(home), `small-${process.pid}`);
  mkdirSync(small);
  await makeLedger(small, syntheticBehaviors(FEW, 1));
  const bare = createApp(configOf(small));
  const queries = syntheticQueries(FEW, 1);
  await warmUp(await bare.ports(), queries);
  await retrieve(await bare.ports(), { task: queries.short() });
  const without = await memory();
  const app = createApp(configOf(home));
  let ports: Ports | undefined;
  const ms = await timed(async () => {
    ports = await app.ports();
    while (
      (await ports.index.search({ text: "x", handbooks: [HANDBOOK], limit: 1 })).sources.includes("partial")
    );
  });
  if (ports === undefined) throw new Error("unreachable");
  return {
    ports,
    ms,
    async built(): Promise<Memory> {
      const now = await memory();
      return {
        heap_mb: now.heap_mb - without.heap_mb,
        resident_mb: now.resident_mb - without.resident_mb,
      };
    },
    async close() {
      await app.close();
      await bare.close();
    },
  };
}

function configOf(home: string) {
  return readConfig({ HANDBOOK_HOME: home, HANDBOOK_STARTERS: "off", ...UNDRAWN });
}

export interface Memory {
  /** Live objects and buffers of JavaScript. */
  heap_mb: number;
  /** Of the process, with what libraries hold and what is reserved and not used. */
  resident_mb: number;
}

async function memory(): Promise<Memory> {
  for (let i = 0; i < 3; i++) {
    global.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap_mb: (heapUsed + arrayBuffers) / MB, resident_mb: rss / MB };
}

async function times(query: () => string, work: (text: string) => Promise<unknown>): Promise<Summary> {
  const samples: number[] = [];
  for (let i = -WARM_UPS; i < SEARCHES; i++) {
    const text = query();
    const ms = await timed(() => work(text));
    if (i >= 0) samples.push(ms);
  }
  return summarize(samples);
}

/** What a retrieval writes, and nothing else: mostly what this disk takes to sync. */
async function writeUse({ ledger, newId }: Ports, task: string): Promise<void> {
  const id = newId();
  const created_at = new Date().toISOString();
  const served = Array.from({ length: DEFAULT_LIMIT }, (_, i) => {
    return { handbook: HANDBOOK, name: `behavior_${i}`, revision: 1, score: 1 };
  });
  const use = { id, episode_id: id, handbook: HANDBOOK, task, created_at };
  await ledger.write((tx) => tx.addUse({ ...use, arm: "served", served, withheld: [] }));
}

/** Milliseconds from another process's commit of a behavior until it is found here. */
async function visibleTimes(home: string, { index }: Ports): Promise<Summary> {
  const other = spawn(process.execPath, [join(import.meta.dirname, "scale-adder.ts"), home], {
    env: environment({}),
    stdio: ["pipe", "pipe", "inherit"],
  });
  const samples: number[] = [];
  for await (const line of createInterface({ input: other.stdout })) {
    // The other one says when it is ready, and then when each was committed.
    if (line !== "ready") {
      const committedAt = Number(line);
      const text = wordOf(samples.length);
      for (;;) {
        const { hits } = await index.search({ text, handbooks: [HANDBOOK], limit: LIMIT });
        if (hits.length > 0) break;
      }
      samples.push(Math.max(0, performance.timeOrigin + performance.now() - committedAt));
    }
    if (samples.length === ADDED) other.stdin.end();
    else other.stdin.write(`${wordOf(samples.length)}\n`);
  }
  return summarize(samples);
}

/** That no other behavior holds. */
function wordOf(place: number): string {
  return `zqx${place}w`;
}
