import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bundle } from "../scripts/bundle.ts";
import { synthetic } from "./data.ts";
import { prepare } from "./handbook.ts";
import { packAndInstall } from "./install.ts";
import { type Summary, summarize } from "./measure.ts";
import { atMost, type Result, type Row, row } from "./report.ts";
import {
  BARE,
  environment,
  initialize,
  inTempDirectory,
  rssMb,
  type Server,
  startServer,
  toolsList,
} from "./servers.ts";

const ROUNDS = 21;
const WARM_UPS = 2;
const BEHAVIORS = 1000;
const SEED = 1;
const SETTLED_MS = 500; // by then the index has been built and the first garbage collected
const FLOOR = join(import.meta.dirname, "node-floor.js");

type Variant =
  | "floor"
  | "bare"
  | "ours"
  | "bundled"
  | "retrieve"
  | "uncached"
  | "bundledUncached"
  | "firstEver";

/** What one start measured, in milliseconds, MB or tokens. */
type Figures = Record<string, number>;

export async function run(): Promise<Result> {
  return inTempDirectory(async (directory) => {
    console.error("packing and installing");
    const { entry, ...installed } = await packAndInstall(directory);
    const made = synthetic(BEHAVIORS, SEED);
    const home = join(directory, "home");
    await prepare(home, made);
    const bundled = await bundledBare(join(directory, "bundled"));

    const plain = environment({});
    const ours = environment({ HANDBOOK_HOME: home, NODE_COMPILE_CACHE: join(directory, "cache") });
    const empty = (name: string, round: number) => join(directory, `${name}-${round}`);
    const samples = await interleaved({
      floor: () => onStart(FLOOR, plain, toInitialize),
      bare: () => onStart(BARE, plain, toToolsList),
      ours: () => onStart(entry, ours, toToolsList),
      bundled: () => onStart(bundled, ours, toToolsList),
      retrieve: () => onStart(entry, ours, (server) => toRetrieve(server, made.task())),
      uncached: (round) => onStart(entry, { ...ours, NODE_COMPILE_CACHE: empty("a", round) }, toInitialize),
      bundledUncached: (round) =>
        onStart(bundled, { ...ours, NODE_COMPILE_CACHE: empty("b", round) }, toInitialize),
      firstEver: (round) => {
        const env = { HANDBOOK_HOME: empty("home", round), NODE_COMPILE_CACHE: empty("c", round) };
        return onStart(entry, { ...ours, ...env }, (server) => toRetrieve(server, made.task()));
      },
    });
    const of = (variant: Variant, figure: string) =>
      summarize(samples[variant].flatMap((figures) => figures[figure] ?? []));
    // Round by round, because the two stood next to each other in time: a busy minute meets both.
    const ratio = (figure: string, other: Variant) =>
      summarize(
        samples.ours.map((figures, round) => (figures[figure] ?? 0) / (samples[other][round]?.[figure] ?? 0)),
      );
    return report(of, ratio, installed);
  });
}

/** Runs all variants in each round, beginning with another one each time, so that none has a better place. */
async function interleaved(
  variants: Record<Variant, (round: number) => Promise<Figures>>,
): Promise<Record<Variant, Figures[]>> {
  const names = Object.keys(variants) as Variant[];
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Variant,
    Figures[]
  >;
  for (let round = 0; round < WARM_UPS + ROUNDS; round++) {
    console.error(round < WARM_UPS ? "warming up" : `round ${round - WARM_UPS + 1} of ${ROUNDS}`);
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const figures = await variants[name](round);
      if (round >= WARM_UPS) samples[name].push(figures);
      await sleep(30); // what the last one left to do must not cost the next one
    }
  }
  return samples;
}

async function onStart(
  file: string,
  env: Record<string, string>,
  measure: (server: Server) => Promise<Figures>,
): Promise<Figures> {
  const server = startServer({ args: [file], env });
  try {
    return await measure(server);
  } finally {
    await server.end();
  }
}

async function toInitialize(server: Server): Promise<Figures> {
  return { initialize: await initialize(server) };
}

async function toToolsList(server: Server): Promise<Figures> {
  const ms = await initialize(server);
  const { tokens, seenTokens } = await toolsList(server);
  const rss = await rssMb(server.pid);
  return { initialize: ms, rss, seen: seenTokens, list: tokens };
}

async function toRetrieve(server: Server, task: string): Promise<Figures> {
  await initialize(server);
  const call = { name: "retrieve_behaviors", arguments: { task } };
  const { result, ms } = await server.request("tools/call", call);
  if ((result as { isError?: boolean }).isError) throw new Error(JSON.stringify(result));
  await sleep(SETTLED_MS);
  return { retrieve: ms, rss: await rssMb(server.pid) };
}

/** The bare server, bundled as the program is, so that only what the two do differs. */
async function bundledBare(outdir: string): Promise<string> {
  await bundle(BARE, outdir);
  writeFileSync(join(outdir, "package.json"), '{"type":"module"}');
  return join(outdir, basename(BARE));
}

function report(
  of: (variant: Variant, figure: string) => Summary,
  ratio: (figure: string, other: Variant) => Summary,
  { seconds, mb, tarballMb }: { seconds: Summary; mb: number; tarballMb: number },
): Result {
  const ms = {
    floor: of("floor", "initialize"),
    bare: of("bare", "initialize"),
    ours: of("ours", "initialize"),
    bundled: of("bundled", "initialize"),
  };
  const rss = {
    bare: of("bare", "rss"),
    ours: of("ours", "rss"),
    bundled: of("bundled", "rss"),
    used: of("retrieve", "rss"),
  };
  const uncached = { ours: of("uncached", "initialize"), bundled: of("bundledUncached", "initialize") };
  const retrieve = { first: of("retrieve", "retrieve"), ever: of("firstEver", "retrieve") };
  const seen = of("ours", "seen").p50;
  const list = of("ours", "list").p50;

  const time = (what: string, summary: Summary, must?: Row["must"]) =>
    row(what, summary.p50, "ms", must, summary);
  const memory = (what: string, summary: Summary) => row(what, summary.p50, "MB", undefined, summary);
  const ratios = {
    initialize: ratio("initialize", "bare"),
    initializeBundled: ratio("initialize", "bundled"),
    rss: ratio("rss", "bare"),
    rssBundled: ratio("rss", "bundled"),
  };
  const against = (what: string, summary: Summary, limit?: number) =>
    row(what, summary.p50, "×", limit === undefined ? undefined : atMost(limit, summary.p50, "×"), summary);
  return {
    keys: {
      initialize_ms: ms.ours.p50,
      bare_sdk_initialize_ms: ms.bare.p50,
      initialize_ratio: ratios.initialize.p50,
      bare_sdk_bundled_initialize_ms: ms.bundled.p50,
      bundled_initialize_ratio: ratios.initializeBundled.p50,
      uncached_initialize_ms: uncached.ours.p50,
      bare_sdk_bundled_uncached_initialize_ms: uncached.bundled.p50,
      node_floor_ms: ms.floor.p50,
      first_retrieve_ms: retrieve.first.p50,
      first_ever_retrieve_ms: retrieve.ever.p50,
      rss_mb: rss.ours.p50,
      rss_after_retrieve_mb: rss.used.p50,
      bare_sdk_rss_mb: rss.bare.p50,
      rss_ratio: ratios.rss.p50,
      bare_sdk_bundled_rss_mb: rss.bundled.p50,
      bundled_rss_ratio: ratios.rssBundled.p50,
      model_sees_tokens: seen,
      tools_list_tokens: list,
      install_mb: mb,
      install_s: seconds.p50,
      tarball_mb: tarballMb,
      rounds: ROUNDS,
      behaviors: BEHAVIORS,
    },
    rows: [
      time("spawn to first answer, Node alone", ms.floor),
      time("spawn to initialize, bare SDK server from node_modules", ms.bare),
      time("spawn to initialize", ms.ours),
      against("… against the bare server", ratios.initialize, 1.25),
      time("spawn to initialize, bare SDK server bundled alike", ms.bundled),
      against("… ours against it", ratios.initializeBundled),
      time("spawn to initialize, compile cache empty", uncached.ours),
      time("… bare SDK server bundled alike", uncached.bundled),
      time("spawn to first retrieve, 1,000 behaviors", retrieve.first, atMost(400, retrieve.first.p50, "ms")),
      time("… first start ever, nothing there yet", retrieve.ever),
      memory("memory after tools/list, bare SDK server from node_modules", rss.bare),
      memory("memory after tools/list", rss.ours),
      against("… against the bare server", ratios.rss, 1.25),
      memory("memory after tools/list, bare SDK server bundled alike", rss.bundled),
      against("… ours against it", ratios.rssBundled),
      memory(`memory ${SETTLED_MS} ms after the first retrieve`, rss.used),
      row("what a model sees of the tools, characters / 4", seen, "tokens", atMost(2000, seen, "tokens")),
      row("tools/list as JSON, characters / 4", list, "tokens", atMost(3500, list, "tokens")),
      row("installed", mb, "MB", atMost(40, mb, "MB")),
      row(
        "npm install of the tarball, no network, no cache",
        seconds.p50,
        "s",
        atMost(5, seconds.p50, "s"),
        seconds,
      ),
      row("tarball", tarballMb, "MB"),
    ],
    faults: [], // what goes wrong throws
  };
}
