import { startPostgres } from "../test/postgres.ts";
import { synthetic } from "./data.ts";
import { round, summarize } from "./measure.ts";
import { runReplicas } from "./replica-set.ts";
import { atMost, BadCall, exactly, type Options, type Result, row } from "./report.ts";
import { inTempDirectory } from "./servers.ts";

const REPLICAS = 3;
const CLIENTS = 24;
const SEED = 5;

export async function run({ tasks = 400, kills = 6 }: Options): Promise<Result> {
  await using postgres = await startPostgres();
  if (postgres === undefined) throw new BadCall("No PostgreSQL is installed, and this bench needs one.");
  const made = synthetic(Math.max(300, tasks), SEED);
  const set = { replicas: REPLICAS, clients: CLIENTS, tasks, kills };
  const outcome = await inTempDirectory((directory) => runReplicas(directory, postgres.url(), made, set));
  const words = summarize(outcome.visible);
  const calm = summarize(outcome.visibleCalm);
  const calmMeaning = summarize(outcome.meaningCalm);
  const answered = summarize(outcome.answered);
  const meaning = summarize(outcome.visibleByMeaning);
  const { acknowledged, lost, duplicates, indexFaults, indexRows, killed, retried, faults } = outcome;
  return {
    keys: {
      ...set,
      ...{ killed, retried, acknowledged, lost, duplicates },
      ...{ twins: outcome.twins, twins_stored: outcome.twinsStored },
      ...{ index_rows: indexRows, index_faults: indexFaults, caught_up_ms: outcome.caughtUpMs },
      ...{
        visible_n: words.n,
        visible_p50_ms: words.p50,
        visible_p95_ms: words.p95,
        visible_max_ms: words.max,
      },
      ...{ retrieve_p50_ms: answered.p50, retrieve_p95_ms: answered.p95 },
      ...{ calm_n: calm.n, calm_p50_ms: calm.p50, calm_p95_ms: calm.p95, calm_max_ms: calm.max },
      ...{ visible_asked_again: outcome.askedAgain, meaning_unseen: outcome.unseenByMeaning },
      ...{
        meaning_n: meaning.n,
        meaning_p50_ms: meaning.p50,
        meaning_p95_ms: meaning.p95,
        meaning_max_ms: meaning.max,
      },
      ...{
        calm_meaning_n: calmMeaning.n,
        calm_meaning_p50_ms: calmMeaning.p50,
        calm_meaning_p95_ms: calmMeaning.p95,
      },
      seconds: outcome.seconds,
    },
    rows: [
      row("uses, traces and decisions that were acknowledged", acknowledged, ""),
      row("… and are lost", lost, "", exactly(0, lost)),
      row("stored more than once", duplicates, "", exactly(0, duplicates)),
      row(
        `same words under two names at one moment, of ${outcome.twins} both stored`,
        outcome.twinsStored,
        "",
      ),
      row("servers killed, and started again", killed, ""),
      row("calls sent again", retried, ""),
      row(`rows of the index that differ, of ${indexRows}`, indexFaults, "", exactly(0, indexFaults)),
      row("a question of a client, p50", answered.p50, "ms", undefined, answered),
      row("a question of a client, p95", answered.p95, "ms"),
      row("served by another server after, p50", words.p50, "ms", undefined, words),
      row("served by another server after, p95", words.p95, "ms"),
      row("… when the clients are done, p50", calm.p50, "ms", undefined, calm),
      row("… when the clients are done, p95", calm.p95, "ms", atMost(2000, calm.p95, "ms")),
      row("served, but not by the first question", outcome.askedAgain, "", exactly(0, outcome.askedAgain)),
      row("by meaning alone after, p50", meaning.p50, "ms", undefined, meaning),
      row("by meaning alone after, p95", meaning.p95, "ms"),
      row("… when the clients are done, p50", calmMeaning.p50, "ms", undefined, calmMeaning),
      row("… when the clients are done, p95", calmMeaning.p95, "ms", atMost(2000, calmMeaning.p95, "ms")),
      row("… not within 20 s", outcome.unseenByMeaning, ""),
      row("the index had read all, after the last answer", round(outcome.caughtUpMs), "ms"),
      row("all tasks took", outcome.seconds, "s"),
    ],
    faults,
  };
}
