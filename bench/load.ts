import { join } from "node:path";
import { attempt, TRACE_CHARACTERS } from "./client.ts";
import { synthetic } from "./data.ts";
import { runFleet } from "./fleet.ts";
import { prepare } from "./handbook.ts";
import { type Call, CLIENTS, hammer, httpCaller, type Load, openHandles, startHttp } from "./http-load.ts";
import { integrityFaults, storedTraces } from "./ledger.ts";
import { median, summarize } from "./measure.ts";
import { atLeast, atMost, exactly, type Options, type Result, row } from "./report.ts";
import { ENTRY, environment, inTempDirectory, rssMb } from "./servers.ts";

const BARE = join(import.meta.dirname, "bare-http-server.js");
const BEHAVIORS = 1000;
const SEED = 5;
const ROUNDS = 5;
const WARM_UP_MS = 2000;
const FLEET = { processes: 16, attempts: 5500, kills: 8 }; // 10,000 calls that write
const FIRST_SHARE = 0.1; // of the soak, after which memory is looked at for the first time

export async function run({ seconds = 4, calls = 60_000 }: Options): Promise<Result> {
  return inTempDirectory(async (directory) => {
    const made = synthetic(BEHAVIORS, SEED);
    const home = join(directory, "load");
    await prepare(home, made);
    const set = environment({ HANDBOOK_HOME: home, HANDBOOK_STARTERS: "off" });
    const ours = await startHttp([ENTRY, "serve", "--http", "--port", "0"], set);
    const bare = await startHttp([BARE], environment({}));
    const [our, echo] = [httpCaller(ours.url), httpCaller(bare.url)];
    const acknowledged = new Set<string>();
    const record = async (call: Call, given: Record<string, unknown> = {}) => {
      const { trace_id } = await call("record_trace", { ...attempt(made), ...given });
      acknowledged.add(String(trace_id));
      return String(trace_id);
    };
    const work = {
      echo: () => echo.call("echo", { text: made.task() }),
      retrieve: () => our.call("retrieve_behaviors", { task: made.task() }),
      record: () => record(our.call),
    };
    const rounds: Record<keyof typeof work, Load[]> = { echo: [], retrieve: [], record: [] };
    const names = Object.keys(work) as (keyof typeof work)[];
    for (const name of names) await hammer(until(WARM_UP_MS), work[name]);
    for (let round = 1; round <= ROUNDS; round++) {
      console.error(`round ${round} of ${ROUNDS}`);
      for (const name of names) rounds[name].push(await hammer(until(seconds * 1000), work[name]));
    }
    console.error(`soak of ${calls} calls`);
    let begun = 0;
    let first: Promise<number> | undefined;
    const handlesBefore = openHandles(ours.pid);
    const soak = await hammer(
      () => {
        if (begun >= calls * FIRST_SHARE) first ??= rssMb(ours.pid);
        return begun++ < calls;
      },
      () => mixed(our.call, made.task, record, begun),
    );
    const [firstMb, lastMb] = [(await first) ?? Number.NaN, await rssMb(ours.pid)];
    const handles = openHandles(ours.pid);
    for (const { close } of [our, echo]) close();
    await Promise.all([ours.end(), bare.end()]);
    const stored = storedTraces(home, TRACE_CHARACTERS);
    console.error("sixteen servers over stdio and one over HTTP, of which eight are killed");
    const fleet = await runFleet(join(directory, "fleet"), made, FLEET);
    const lost = fleet.lost + [...acknowledged].filter((id) => !stored.has(id)).length;

    const all = [...Object.values(rounds).flat(), soak];
    const errors = all.flatMap((load) => load.errors);
    const perSecond = (name: keyof typeof work) => summarize(rounds[name].map((load) => load.perSecond));
    const ratio = (name: keyof typeof work) =>
      median(
        rounds[name].map((load, round) => load.perSecond / (rounds.echo[round]?.perSecond ?? Number.NaN)),
      );
    const [retrieveRatio, recordRatio] = [ratio("retrieve"), ratio("record")];
    const p99 = (name: keyof typeof work) => summarize(rounds[name].map((load) => load.p99));
    const growth = lastMb / firstMb;
    return {
      keys: {
        clients: CLIENTS,
        rounds: ROUNDS,
        seconds_per_round: seconds,
        retrieve_ratio_to_echo: retrieveRatio,
        record_ratio_to_echo: recordRatio,
        echo_per_s: perSecond("echo").p50,
        retrieve_per_s: perSecond("retrieve").p50,
        record_per_s: perSecond("record").p50,
        p99_ms: p99("retrieve").p50,
        record_p99_ms: p99("record").p50,
        echo_p99_ms: p99("echo").p50,
        errors: errors.length,
        acknowledged: acknowledged.size,
        lost,
        fleet_acknowledged: fleet.acknowledged,
        fleet_duplicates: fleet.duplicates,
        fleet_unfound: fleet.unfound,
        fleet_s: fleet.seconds,
        soak_calls: soak.calls,
        soak_p99_ms: soak.p99,
        soak_rss_ratio: growth,
        soak_rss_first_mb: firstMb,
        soak_rss_last_mb: lastMb,
        soak_handles_before: handlesBefore,
        soak_handles_after: handles,
      },
      rows: [
        row(
          "a bare SDK server's echo, 32 clients",
          perSecond("echo").p50,
          "/s",
          undefined,
          perSecond("echo"),
        ),
        row(
          "retrieve_behaviors, 1,000 behaviors",
          perSecond("retrieve").p50,
          "/s",
          undefined,
          perSecond("retrieve"),
        ),
        row("… of echo", retrieveRatio, "", atLeast(0.6, retrieveRatio, "")),
        row("… p99", p99("retrieve").p50, "ms", atMost(150, p99("retrieve").p50, "ms"), p99("retrieve")),
        row("record_trace, 5 KB", perSecond("record").p50, "/s", undefined, perSecond("record")),
        row("… of echo", recordRatio, "", atLeast(0.4, recordRatio, "")),
        row("… p99", p99("record").p50, "ms", undefined, p99("record")),
        row("errors", errors.length, "", exactly(0, errors.length)),
        row("acknowledged traces that are lost", lost, "", exactly(0, lost)),
        row(`memory after the soak of its first tenth`, growth, "", atMost(1.3, growth, "")),
        row("… at the end", lastMb, "MB"),
        row("17 servers, 8 killed: acknowledged", fleet.acknowledged, ""),
        row("… stored twice", fleet.duplicates, "", exactly(0, fleet.duplicates)),
        row("… learned and not found", fleet.unfound, "", exactly(0, fleet.unfound)),
        row("file handles after the soak", handles ?? Number.NaN, ""),
      ],
      faults: [
        ...[...new Set(errors)].slice(0, 5),
        ...integrityFaults(home),
        ...fleet.faults,
        ...(lost > 0 ? [`${lost} acknowledged traces are lost`] : []),
      ],
    };
  });
}

function until(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() < end;
}

/** A retrieval; after every third one its trace, and of every other trace its outcome. */
async function mixed(
  call: Call,
  task: () => string,
  record: (call: Call, given: Record<string, unknown>) => Promise<string>,
  n: number,
): Promise<void> {
  const kind = n % 6;
  if (kind < 3) return void (await call("retrieve_behaviors", { task: task() }));
  if (kind === 3) return void (await record(call, {}));
  const { use_id } = await call("retrieve_behaviors", { task: task() });
  const trace_id = await record(call, { use_id });
  if (kind === 5) await call("report_outcome", { trace_id, outcome: "success", evidence: "test" });
}
