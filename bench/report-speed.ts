// How long `handbook report` takes on a ledger that has seen much: the built program, from its start to its end.
import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { openSqliteLedger } from "../src/adapters/sql/sqlite-ledger.ts";
import { TRACE_CHARACTERS } from "./client.ts";
import { plantTasks } from "./drawn-ledger.ts";
import { round, summarize } from "./measure.ts";
import { atMost, type Result, row } from "./report.ts";
import { ENTRY, environment, inTempDirectory } from "./servers.ts";

const EPISODES = 100_000;
const BEHAVIORS = 500;
const RUNS = 5;

export async function run(): Promise<Result> {
  return inTempDirectory(async (home) => {
    const path = join(home, "handbook.sqlite");
    console.error(`preparing a ledger of ${EPISODES} tasks`);
    const ledger = await openSqliteLedger(path);
    await plantTasks(ledger, { episodes: EPISODES, behaviors: BEHAVIORS, reasoning: TRACE_CHARACTERS });
    await ledger.close();
    const json = Array.from({ length: RUNS }, () => reported(home, []));
    const html = reported(home, ["--html", join(home, "report.html")]);
    const csv = reported(home, ["--csv", join(home, "report.csv")]);
    const seconds = summarize(json.map((one) => one.seconds));
    const cpu = summarize(json.map((one) => one.cpuSeconds));
    const rss = summarize(json.map((one) => one.rssMb));
    const megabytes = statSync(path).size / 1e6;
    return {
      keys: {
        episodes: EPISODES,
        report_s: seconds.p50,
        report_cpu_s: cpu.p50,
        report_rss_mb: rss.p50,
        html_s: html.seconds,
        csv_s: csv.seconds,
        ledger_mb: megabytes,
      },
      rows: [
        row(`report --json of ${EPISODES} tasks`, seconds.p50, "s", atMost(2, seconds.p50, "s"), seconds),
        row("its processor time", cpu.p50, "s", undefined, cpu),
        row("its memory, at most", rss.p50, "MB", atMost(300, rss.p50, "MB"), rss),
        row("with --html", html.seconds, "s"),
        row("with --csv", csv.seconds, "s"),
        row(`ledger, of traces of ${TRACE_CHARACTERS / 1024} KB`, round(megabytes, 0), "MB"),
      ],
      faults: json.some(({ episodes }) => episodes !== EPISODES) ? ["the report misses tasks"] : [],
    };
  });
}

const AT_EXIT = `process.on("exit", () => { const u = process.resourceUsage();
  process.stderr.write("usage " + JSON.stringify([u.maxRSS, u.userCPUTime + u.systemCPUTime])); });`;

/** One run of the program, which says at its end what it took. */
function reported(home: string, options: readonly string[]) {
  const begun = performance.now();
  const spy = `data:text/javascript,${encodeURIComponent(AT_EXIT)}`;
  const args = ["--import", spy, ENTRY, "report", "--json", ...options];
  const env = environment({ HANDBOOK_HOME: home });
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    env,
    encoding: "utf8",
    maxBuffer: 1e9,
  });
  if (status !== 0) throw new Error(`handbook report failed: ${stderr.slice(-500)}`);
  const seconds = (performance.now() - begun) / 1000;
  const [, usage = "[0,0]"] = /usage (\[.*\])$/.exec(stderr) ?? [];
  const [maxRssKb = 0, cpuMicroseconds = 0]: number[] = JSON.parse(usage);
  const episodes: number = JSON.parse(stdout).lift.counts.episodes;
  return { seconds, rssMb: maxRssKb / 1024, cpuSeconds: cpuMicroseconds / 1e6, episodes };
}
