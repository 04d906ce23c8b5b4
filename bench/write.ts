import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Agent, attempt, connect, connectEcho } from "./client.ts";
import { synthetic } from "./data.ts";
import { prepare } from "./handbook.ts";
import { type Kill, killWriters } from "./kill.ts";
import { type Summary, summarize, timed } from "./measure.ts";
import { type Race, raceWriters } from "./race.ts";
import { atMost, exactly, type Result, type Row, row } from "./report.ts";
import { inTempDirectory } from "./servers.ts";

const BEHAVIORS = 1000;
const SEED = 2;
const PASSES = 5;
const WARM_UPS = 50;
const CALLS = 300; // per pass, each pass with a server of its own
const SYNCS = 200;

export async function run(): Promise<Result> {
  return inTempDirectory(async (directory) => {
    const made = synthetic(BEHAVIORS, SEED);
    const home = join(directory, "latency");
    await prepare(home, made);

    const passes: Passes = { record: [], retrieve: [], withStarters: [], sync: [], echo: [] };
    for (let pass = 1; pass <= PASSES; pass++) {
      console.error(`pass ${pass} of ${PASSES}`);
      passes.sync.push(syncTimes(home));
      const bare = await connectEcho();
      passes.echo.push(await times(made.task, bare.echo));
      await bare.close();
      await withAgent(home, { HANDBOOK_STARTERS: "off" }, async (agent) => {
        passes.record.push(await times(() => attempt(made), agent.record));
        passes.retrieve.push(await times(made.task, agent.retrieve));
      });
      await withAgent(home, { HANDBOOK_STARTERS: "on" }, async (agent) => {
        passes.withStarters.push(await times(made.task, agent.retrieve));
      });
    }
    console.error("eight writers at once");
    const race = await raceWriters(join(directory, "race"), made);
    console.error("killing writers");
    const kill = await killWriters(join(directory, "kill"), made);
    return report(passes, race, kill);
  });
}

async function withAgent(
  home: string,
  set: Record<string, string>,
  work: (agent: Agent) => Promise<void>,
): Promise<void> {
  const agent = await connect(home, set);
  try {
    await work(agent);
  } finally {
    await agent.close();
  }
}

/** Milliseconds of one call after another. */
async function times<T>(make: () => T, call: (input: T) => Promise<unknown>): Promise<Summary> {
  const samples: number[] = [];
  for (let i = -WARM_UPS; i < CALLS; i++) {
    const input = make();
    const ms = await timed(() => call(input));
    if (i >= 0) samples.push(ms);
  }
  return summarize(samples);
}

/** What this disk takes to make 8 KB durable: below it no acknowledged write can be. */
function syncTimes(directory: string): Summary {
  const file = openSync(join(directory, "sync"), "a");
  const samples: number[] = [];
  for (let i = 0; i < SYNCS; i++) {
    const start = performance.now();
    writeSync(file, Buffer.alloc(8192, i));
    fsyncSync(file);
    samples.push(performance.now() - start);
  }
  closeSync(file);
  return summarize(samples);
}

type Passes = Record<"sync" | "echo" | "record" | "retrieve" | "withStarters", Summary[]>;

function report(passes: Passes, race: Race, kill: Kill): Result {
  const keys: Record<string, unknown> = {};
  const rows: Row[] = [];
  const latency = (
    what: string,
    key: string,
    of: readonly Summary[],
    limits?: { p50: number; p95: number },
  ) => {
    for (const share of ["p50", "p95"] as const) {
      const over = summarize(of.map((pass) => pass[share]));
      keys[`${key}_${share}_ms`] = over.p50;
      rows.push(
        row(`${what}, ${share}`, over.p50, "ms", limits && atMost(limits[share], over.p50, "ms"), over),
      );
    }
  };
  latency("write 8 KB and sync, this disk", "sync", passes.sync);
  latency("a call of a bare SDK server", "echo", passes.echo);
  latency("record_trace, 5 KB", "record", passes.record, { p50: 8, p95: 20 });
  latency("retrieve_behaviors, 1,000 behaviors", "retrieve", passes.retrieve, { p50: 3, p95: 8 });
  latency("… and the starters", "retrieve_with_starters", passes.withStarters);
  latency("record_trace, eight processes at once", "race", [race.latency]);
  return {
    keys: {
      ...keys,
      passes: PASSES,
      calls_per_pass: CALLS,
      behaviors: BEHAVIORS,
      race_acknowledged: race.acknowledged,
      race_kept: race.kept,
      race_s: race.seconds,
      kill_acknowledged: kill.acknowledged,
      kill_lost: kill.lost,
      kill_unanswered: kill.unanswered,
      kill_inside_commit: kill.insideCommit,
    },
    rows: [
      ...rows,
      row("race of eight: acknowledged", race.acknowledged, "", exactly(1600, race.acknowledged)),
      row("race of eight: kept", race.kept, "", exactly(1600, race.kept)),
      row("race of eight: all done after", race.seconds, "s"),
      row("20 kills: acknowledged", kill.acknowledged, ""),
      row("20 kills: lost", kill.lost, "", exactly(0, kill.lost)),
      row("20 kills: stored without an answer", kill.unanswered, ""),
      row("20 kills: sent while a commit was being written", kill.insideCommit, ""),
    ],
    faults: [...race.faults, ...kill.faults],
  };
}
