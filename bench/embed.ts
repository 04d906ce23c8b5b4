import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { MINILM_L6, writeRandomModel } from "../scripts/random-model.ts";
import { summarize } from "./measure.ts";
import { type Result, row } from "./report.ts";
import { inTempDirectory } from "./servers.ts";
import { starterBehaviors } from "./starters.ts";

const ROUNDS = 5;
const ONCE = join(import.meta.dirname, "embed-once.ts");

/** Time and memory of the local embedder. The weights are random: what a model finds is not measured here. */
export async function run(): Promise<Result> {
  return inTempDirectory(async (directory) => {
    console.error("writing a model of random weights in the shape of MiniLM-L6");
    const said = starterBehaviors().map(({ when, instruction }) => `${when} ${instruction}`.toLowerCase());
    const words = [...new Set(said.join(" ").match(/[a-z0-9]+/g))]; // one token a word, as real vocabularies have
    writeRandomModel(join(directory, "model"), { shape: MINILM_L6, words });
    const rounds: Record<string, number | number[]>[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      console.error(`round ${round + 1} of ${ROUNDS}`);
      const { stdout } = await promisify(execFile)(process.execPath, [ONCE, directory]);
      rounds.push(JSON.parse(stdout));
    }
    const of = (figure: string) => summarize(rounds.flatMap((figures) => figures[figure] ?? []));
    const one = of("one");
    const ms = (what: string, figure: string) => row(what, of(figure).p50, "ms", undefined, of(figure));
    const mb = (what: string, figure: string) => row(what, of(figure).p50, "MB", undefined, of(figure));
    return {
      keys: {
        first_ms: of("first").p50,
        one_p50_ms: one.p50,
        one_p95_ms: one.p95,
        eight_ms: of("eight").p50,
        thirty_two_ms: of("thirtyTwo").p50,
        tokens_512_ms: of("long").p50,
        query_behind_passages_ms: of("behind").p50,
        idle_lag_ms: of("idleLag").p50,
        lag_ms: of("busyLag").p50,
        bare_rss_mb: of("bareMb").p50,
        loaded_rss_mb: of("loadedMb").p50,
        rss_mb: of("usedMb").p50,
        weights: "random, MiniLM-L6 shape, 8 bits",
      },
      rows: [
        ms("first text, with the start of the thread and the load", "first"),
        row("one query, p50", one.p50, "ms", undefined, one),
        row("one query, p95", one.p95, "ms"),
        ms("8 passages", "eight"),
        ms("32 passages, in batches of 8", "thirtyTwo"),
        ms("one text of 512 tokens", "long"),
        ms("one query while 256 passages wait", "behind"),
        ms("longest stop of the main thread, idle", "idleLag"),
        ms("… while 256 passages are embedded", "busyLag"),
        mb("memory before", "bareMb"),
        mb("… with the model loaded", "loadedMb"),
        mb("… at the end", "usedMb"),
      ],
      faults: [],
    };
  });
}
