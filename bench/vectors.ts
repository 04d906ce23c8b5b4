import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@lancedb/lancedb";
import { lanceVectors, TTL_MS } from "../src/adapters/lance/lance-vectors.ts";
import { openSqliteLedger } from "../src/adapters/sql/sqlite-ledger.ts";
import type { Ledger, VectorIndex } from "../src/ports.ts";
import { hashEmbedder } from "../test/hash-embedder.ts";
import { summarize } from "./measure.ts";
import { atMost, exactly, type Result, row } from "./report.ts";
import { inTempDirectory } from "./servers.ts";

const PROCESSES = 4;
const SUBMISSIONS = 2000;
const PAUSE_MS = 60; // between two submissions of one process
const LOOK_MS = 20;
const CATCH_UP_MS = 120_000;
const NEVER_MS = 2_000_000_000;

/**
 * Four processes submit behaviors and follow the ledger with an embedder at once; at a third and at two thirds of the way
 * the one that writes the index dies by SIGKILL, and another takes up its work. A fifth looks when each behavior
 * can be found. In the end the table must equal the ledger.
 */
export async function run(): Promise<Result> {
  return inTempDirectory(async (home) => {
    const ledger = await openSqliteLedger(join(home, "handbook.sqlite"));
    const embedder = hashEmbedder({ dimension: 384 });
    const options = { ledger, home, uri: join(home, "index"), waitMs: 5000, embedder };
    const vectors = lanceVectors({ ...options, pollMs: NEVER_MS }); // it only reads
    const acknowledged = new Map<string, number>();
    const watch = watchArrivals(vectors, acknowledged);

    const killed = await submitAndKill(home, acknowledged, watch.done);
    await vectors.close();
    const rows = await storedIds(home, ledger);
    await ledger.close();
    return report(acknowledged, rows, watch.found, killed);
  });
}

/** Answers at which milliseconds a process was killed. */
async function submitAndKill(
  home: string,
  acknowledged: Map<string, number>,
  beforeEnd: () => Promise<void>,
): Promise<number[]> {
  const share = SUBMISSIONS / PROCESSES;
  const running = Array.from({ length: PROCESSES }, (_, i) =>
    submitter(home, letter(i), share, acknowledged),
  );
  const killed: number[] = [];
  for (const part of [1 / 3, 2 / 3]) {
    while (acknowledged.size < SUBMISSIONS * part) await sleep(LOOK_MS);
    const holder = running.findIndex(({ child }) => child.pid === writingProcess(home));
    const [victim] = running.splice(Math.max(0, holder), 1);
    if (victim === undefined) throw new Error("nobody is left");
    console.error(`killing a process after ${acknowledged.size} submissions`);
    victim.child.kill("SIGKILL");
    killed.push(performance.timeOrigin + performance.now());
    await victim.ended;
    const left = share - victim.acknowledged();
    running.push(submitter(home, letter(PROCESSES + killed.length), left, acknowledged));
  }
  while (running.some(({ acknowledged, count }) => acknowledged() < count)) await sleep(LOOK_MS);
  await beforeEnd();
  for (const { child, ended } of running) {
    child.stdin.end();
    await ended;
  }
  return killed;
}

/** The id of the process that has the lease. */
function writingProcess(home: string): number {
  const file = new DatabaseSync(join(home, "handbook.sqlite"), { readOnly: true });
  const lease = file.prepare("select holder from leases").get();
  file.close();
  return Number.parseInt(String(lease?.holder), 10);
}

function letter(i: number): string {
  return String.fromCharCode("a".charCodeAt(0) + i);
}

function submitter(home: string, label: string, count: number, acknowledged: Map<string, number>) {
  const file = join(import.meta.dirname, "vectors-process.ts");
  const args = ["--disable-warning=ExperimentalWarning", file, home, label, String(count), String(PAUSE_MS)];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  let own = 0;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [name = "", at] = line.split(" ");
    acknowledged.set(name, Number(at));
    own++;
  });
  return { child, count, acknowledged: () => own, ended: once(child, "close") };
}

/** Notes when each acknowledged behavior is first found. */
function watchArrivals(vectors: VectorIndex, acknowledged: ReadonlyMap<string, number>) {
  const found = new Map<string, number>();
  const search = { text: "which of these are there", handbooks: [], limit: 1 };
  const look = async () => {
    const also = [...acknowledged.keys()]
      .filter((name) => !found.has(name))
      .map((name) => ({ handbook: "default", name }));
    if (also.length === 0) return;
    const there = (await vectors.search({ ...search, also })) ?? [];
    for (const { name } of there) found.set(name, performance.timeOrigin + performance.now());
  };
  let isOver = false;
  const looking = (async () => {
    while (!isOver) {
      await look();
      await sleep(LOOK_MS);
    }
  })();
  return {
    found,
    /** Waits until everything is found, or the time for it is over. */
    async done(): Promise<void> {
      const deadline = performance.now() + CATCH_UP_MS;
      while (found.size < acknowledged.size && performance.now() < deadline) await sleep(LOOK_MS);
      isOver = true;
      await looking;
    },
  };
}

/** Past the program, by LanceDB alone. */
async function storedIds(home: string, ledger: Ledger): Promise<string[]> {
  const published = (await ledger.indexGenerations("vectors")).findLast(({ published_at }) => published_at);
  const db = await connect(join(home, "index"));
  const table = await db.openTable(published?.table ?? "");
  const rows = await table.query().select(["id"]).toArray();
  return rows.map(({ id }) => String(id));
}

function report(
  acknowledged: ReadonlyMap<string, number>,
  rows: readonly string[],
  found: ReadonlyMap<string, number>,
  killed: readonly number[],
): Result {
  const distinct = new Set(rows);
  const missing = [...acknowledged.keys()].filter((name) => !distinct.has(`default/${name}#0`)).length;
  const duplicates = rows.length - distinct.size;
  // Until the lease of a killed process has run out nobody can write.
  const isAfterKill = (at: number) => killed.some((kill) => at > kill - 1000 && at < kill + TTL_MS + 2000);
  const waits = [...acknowledged].map(([name, at]) => ({ at, ms: (found.get(name) ?? Number.NaN) - at }));
  const usual = summarize(waits.filter(({ at, ms }) => !isAfterKill(at) && ms >= 0).map(({ ms }) => ms));
  const afterKill = waits.filter(({ at, ms }) => isAfterKill(at) && ms >= 0).map(({ ms }) => ms);
  const longest = Math.max(0, ...afterKill);
  const faults = [
    ...(missing > 0 ? [`${missing} acknowledged behaviors are not in the table`] : []),
    ...(duplicates > 0 ? [`${duplicates} rows of the table are there twice`] : []),
  ];
  return {
    keys: {
      processes: PROCESSES,
      killed: killed.length,
      acknowledged: acknowledged.size,
      rows: rows.length,
      missing,
      duplicates,
      visible_p50_ms: usual.p50,
      visible_p95_ms: usual.p95,
      visible_max_ms: usual.max,
      visible_after_kill_max_ms: longest,
    },
    rows: [
      row("behaviors that were acknowledged", acknowledged.size, ""),
      row("rows of the table in the end", rows.length, ""),
      row("acknowledged and missing", missing, "", exactly(0, missing)),
      row("rows that are there twice", duplicates, "", exactly(0, duplicates)),
      row("found in another process after, p50", usual.p50, "ms", undefined, usual),
      row("found in another process after, p95", usual.p95, "ms", atMost(2000, usual.p95, "ms")),
      row("… at the longest while a killed process's lease ran out", longest, "ms"),
    ],
    faults,
  };
}
