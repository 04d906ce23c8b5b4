import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import packageJson from "../package.json" with { type: "json" };
import { bootstrap, mean } from "../src/rules/bootstrap.ts";
import { type Connection, connectTo } from "./client.ts";
import { synthetic } from "./data.ts";
import { DEPTH, scoresOf } from "./found.ts";
import { packAndInstall } from "./install.ts";
import { type LabelledSet, readSet } from "./labelled-sets.ts";
import { type Summary, summarize, timed } from "./measure.ts";
import { installPeer } from "./peer-install.ts";
import { drawPeers, type Measured, peersTable, SIZES } from "./peer-report.ts";
import { type Item, type Memory, PEERS, type Peer, US } from "./peer-servers.ts";
import { BadCall, type Result } from "./report.ts";
import { initialize, inTempDirectory, type Launch, startServer, toolsList, treeRssMb } from "./servers.ts";

const STARTS = 11;
const SETTLED_MS = 1000;
const HEADLINE_SIZE = 1000;
const CALLS = 100;
const WARM_UPS = 10;
const FILL_MS = 300_000; // who has not stored 10,000 items by then does not get there
const BATCH = 1000;
const SEED = 5;
const SETS = ["theoremqa", "metatool"];
const WRITERS = 8;
const WRITES = 40;
const LATE_MS = 60_000;

/** A server that is installed, and what was measured of it so far. */
interface Contender {
  peer: Peer;
  entry: string;
  node?: string;
  measured: Measured;
}

export async function run({ data }: { data?: string }): Promise<Result> {
  const sets = SETS.map((set) => readSet(join(data ?? "", "retrieval", set))[0] as LabelledSet);
  return inTempDirectory(async (directory) => {
    const { ours, others, failed } = await install(directory);
    const all = [ours, ...others];
    const each = async (what: string, measure: (one: Contender, home: string) => Promise<object>) => {
      for (const one of all) {
        console.error(`${what}: ${one.peer.name}`);
        await noting(one, what, () => measure(one, join(directory, `${what}-${all.indexOf(one)}`)));
      }
    };
    await starts(all, directory);
    await each("latency", latency);
    for (const set of sets)
      await each(set.source, async (one, home) => {
        const found = await quality(one, home, set);
        return { sets: { ...one.measured.sets, [set.source]: found } };
      });
    await each("race", race);

    const peers = Object.fromEntries(others.map(({ peer, measured }) => [peer.name, summed(measured)]));
    const keys = { us: summed(ours.measured), peers: { ...peers, ...failed }, ...CONDITIONS };
    await drawPeers(keys, join(import.meta.dirname, "results/peers.svg"));
    const { race_acknowledged = 0, race_kept = 0, error } = ours.measured;
    return {
      keys,
      tables: [{ title: "Side by side; the best of each row is bold", ...peersTable(keys) }],
      rows: Object.entries(keys.peers).flatMap(([name, { error = [] }]) =>
        error.map((value) => ({ what: `${name}: not measured`, value })),
      ),
      faults: [
        ...(error ?? []).map((fault) => `ours: ${fault}`),
        ...(race_kept < race_acknowledged ? [`ours: ${race_acknowledged - race_kept} writes are gone`] : []),
      ],
    };
  });
}

const CONDITIONS = {
  starts: STARTS,
  calls: CALLS,
  headline_size: HEADLINE_SIZE,
  race_written: WRITERS * WRITES,
};

async function install(directory: string) {
  console.error("packing and installing behavior-handbook");
  const { entry } = await packAndInstall(directory);
  const ours: Contender = { peer: US, entry, measured: { version: packageJson.version } };
  const others: Contender[] = [];
  const failed: Record<string, Measured> = {};
  for (const [i, peer] of PEERS.entries()) {
    console.error(`installing ${peer.name}`);
    try {
      const { version, ...installed } = await installPeer(peer, join(directory, `peer-${i}`));
      others.push({ peer, ...installed, measured: { version } });
    } catch (error) {
      failed[peer.name] = { error: [`install: ${message(error)}`] };
    }
  }
  if (others.length === 0) {
    const [first] = Object.values(failed);
    throw new BadCall(
      `No peer could be installed; this bench needs access to an npm registry. ${first?.error?.[0]}`,
    );
  }
  return { ours, others, failed };
}

/** Adds figures to what was measured, or the error that stood in the way. */
async function noting({ measured }: Contender, what: string, measure: () => Promise<object>): Promise<void> {
  try {
    Object.assign(measured, await measure());
  } catch (error) {
    measured.error = [...(measured.error ?? []), `${what}: ${message(error)}`];
  }
}

function message(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300);
}

/** All servers start in each round, another one first each time. Each keeps its home, so only its first start is its first. */
async function starts(all: readonly Contender[], directory: string): Promise<void> {
  const samples = new Map<Contender, Record<"initialize" | "rss" | "tools" | "tokens" | "seen", number>[]>();
  for (let round = 0; round <= STARTS; round++) {
    console.error(`start ${round} of ${STARTS}`);
    const first = round % all.length;
    for (const one of [...all.slice(first), ...all.slice(0, first)]) {
      if (one.measured.error !== undefined) continue;
      await noting(one, "start", async () => {
        const launch = await one.peer.launch(one.entry, join(directory, `start-${all.indexOf(one)}`));
        const sample = await started({ ...launch, ...(one.node && { node: one.node }) });
        if (round > 0) samples.set(one, [...(samples.get(one) ?? []), sample]);
        return {};
      });
    }
  }
  for (const [{ measured }, taken] of samples) {
    const of = (figure: keyof (typeof taken)[number]) => summarize(taken.map((sample) => sample[figure]));
    const [ms, rss] = [of("initialize"), of("rss")];
    Object.assign(measured, {
      initialize_ms: ms.p50,
      initialize_min_ms: ms.min,
      initialize_max_ms: ms.max,
      rss_mb: rss.p50,
      rss_min_mb: rss.min,
      rss_max_mb: rss.max,
      tools: of("tools").p50,
      tools_list_tokens: of("tokens").p50,
      model_sees_tokens: of("seen").p50,
    });
  }
}

async function started(launch: Launch) {
  const { HANDBOOK_STARTERS: _, ...env } = launch.env; // off only where the others have nothing like it
  const server = startServer({ ...launch, env });
  const late = new AbortController();
  const measure = async () => {
    const ms = await initialize(server);
    const { tools, tokens, seenTokens } = await toolsList(server);
    await sleep(SETTLED_MS);
    return { initialize: ms, rss: await treeRssMb(server.pid), tools, tokens, seen: seenTokens };
  };
  const tooLate = async () => {
    await sleep(LATE_MS, undefined, { signal: late.signal });
    throw new Error(`no answer in ${LATE_MS / 1000} s`);
  };
  try {
    return await Promise.race([measure(), tooLate()]);
  } finally {
    late.abort();
    await server.end();
  }
}

async function withServer<T>(
  { peer, entry, node }: Contender,
  home: string,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  mkdirSync(home, { recursive: true });
  const connection = await connectTo({ ...(await peer.launch(entry, home)), node }, "ignore");
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** One item after another, and one search after another, with so many items stored. */
async function latency(one: Contender, home: string): Promise<object> {
  const made = synthetic(Math.max(...SIZES), SEED);
  const items = made.handbook.behaviors.map(({ name, instruction }) => ({
    name: name.replace(/^behavior_/, "").replaceAll("_", " "),
    text: instruction,
  }));
  // Where a query must occur as it stands, a task would find nothing: one word of a stored text does.
  const query = (i: number) => (one.peer.literal ? (items[i]?.text.split(" ").at(-2) ?? "") : made.task());
  return withServer(one, home, async (connection) => {
    const memory = one.peer.memory(connection, items);
    const sizes: Record<number, Record<string, number>> = {};
    const deadline = performance.now() + FILL_MS;
    let stored = 0;
    let refused = 0;
    for (const size of SIZES) {
      stored = await fill(memory, items, { from: stored, to: size - CALLS, deadline });
      if (stored < size - CALLS) return { ...headline(sizes), sizes, items_reached: stored };
      const lead: number[] = [];
      const write: number[] = [];
      for (const item of items.slice(stored, size)) {
        if (memory.lead) lead.push(await timed(() => memory.lead?.(item)));
        try {
          write.push(await timed(() => memory.write(item)));
        } catch {
          refused++;
        }
      }
      stored = size;
      const search: number[] = [];
      for (let i = -WARM_UPS; i < CALLS; i++) {
        const asked = query(i + WARM_UPS);
        const ms = await timed(() => memory.search(asked, DEPTH));
        if (i >= 0) search.push(ms);
      }
      sizes[size] = {
        ...times("write", summarize(write)),
        ...times("search", summarize(search)),
        ...(lead.length > 0 && times("write_lead", summarize(lead))),
      };
    }
    return { ...headline(sizes), sizes, items_reached: stored, items_refused: refused };
  });
}

function times(what: string, { p50, p95 }: Summary): Record<string, number> {
  return { [`${what}_p50_ms`]: p50, [`${what}_p95_ms`]: p95 };
}

function headline(sizes: Record<number, Record<string, number>>): object {
  return sizes[HEADLINE_SIZE] ?? {};
}

/** Stores some of the items, by the way for many where there is one; how many are stored when time is up. */
async function fill(
  memory: Memory,
  items: readonly Item[],
  { from = 0, to = items.length, deadline = Number.POSITIVE_INFINITY },
): Promise<number> {
  let stored = from;
  while (stored < to && performance.now() < deadline) {
    const batch = items.slice(stored, Math.min(to, stored + (memory.writeAll ? BATCH : 1)));
    if (memory.writeAll) await memory.writeAll(batch);
    else for (const item of batch) await memory.write(item);
    stored += batch.length;
  }
  return stored;
}

/** The labelled set's documents as items, its queries as they are. */
async function quality(one: Contender, home: string, set: LabelledSet): Promise<object> {
  const items = set.documents.map(({ name, text }) => ({ name, text }));
  const documentOf = new Map(set.documents.map(({ id, name }) => [name, id]));
  return withServer(one, home, async (connection) => {
    const memory = one.peer.memory(connection, items);
    await fill(memory, items, {});
    const score = async (search: Memory["search"]) => {
      const scores = [];
      let served = 0;
      for (const { text, relevant } of set.queries) {
        const found = (await search(text, DEPTH)).flatMap((name) => documentOf.get(name) ?? []);
        served += found.length;
        scores.push(scoresOf(found, relevant));
      }
      const { mean: ndcg10, low, high } = bootstrap(scores.map((one) => one.ndcg10));
      const hit1 = mean(scores.map((one) => one.hit1));
      return { ndcg10, ndcg10_low: low, ndcg10_high: high, hit1, served: served / set.queries.length };
    };
    const raw = await score(memory.search);
    if (!one.peer.byWords) return raw;
    const byWords = await score(wordByWord(memory, items.length));
    const better = byWords.ndcg10 > raw.ndcg10 ? byWords : raw;
    return { ...better, ndcg10_as_asked: raw.ndcg10, ndcg10_by_words: byWords.ndcg10 };
  });
}

/**
 * The best that can be had of a search that knows no word for another and no order: each word of the query by itself,
 * items ordered by the words that found them, the rarer the better. A client would have to do this, in some twenty calls.
 */
function wordByWord(memory: Memory, items: number): Memory["search"] {
  const known = new Map<string, string[]>();
  const holding = async (word: string) => {
    const found = known.get(word) ?? (await memory.search(word, items));
    known.set(word, found);
    return found;
  };
  return async (query, limit) => {
    const sums = new Map<string, number>();
    for (const word of new Set(query.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu))) {
      const found = await holding(word);
      for (const name of found) sums.set(name, (sums.get(name) ?? 0) + Math.log(items / found.length));
    }
    const ranked = [...sums].sort(([, a], [, b]) => b - a);
    return ranked.slice(0, limit).map(([name]) => name);
  };
}

/** Eight servers on one directory, each sent forty writes at once; then a fresh one is asked for all of them. */
async function race(one: Contender, home: string): Promise<object> {
  const made = synthetic(WRITERS * WRITES, SEED + 1);
  const items = made.handbook.behaviors.map(({ name, instruction }) => ({
    name: name.replace(/^behavior_/, "").replaceAll("_", " "),
    text: instruction,
  }));
  const acknowledged: string[] = [];
  let refusal: string | undefined;
  // The directory has been used before: who makes it is another question.
  await withServer(one, home, async () => {});
  const ms = await timed(() =>
    Promise.all(
      Array.from({ length: WRITERS }, (_, writer) =>
        withServer(one, home, async (connection) => {
          const memory = one.peer.memory(connection, items);
          const own = items.slice(writer * WRITES, (writer + 1) * WRITES);
          const writes = own.map(async (item) => {
            await memory.lead?.(item);
            await memory.write(item);
            acknowledged.push(item.name);
          });
          for (const { status, ...rest } of await Promise.allSettled(writes))
            if (status === "rejected" && "reason" in rest) refusal ??= message(rest.reason);
        }),
      ),
    ),
  );
  const kept = new Set(await withServer(one, home, (connection) => one.peer.kept(connection, items)));
  return {
    race_acknowledged: acknowledged.length,
    race_kept: acknowledged.filter((name) => kept.has(name)).length,
    race_s: ms / 1000,
    ...(refusal !== undefined && { race_refusal: refusal }),
  };
}

/** The mean over the sets is the headline of quality. */
function summed(measured: Measured): Measured {
  const sets = Object.values(measured.sets ?? {});
  if (sets.length < SETS.length) return measured;
  return {
    ...measured,
    ndcg10: mean(sets.map(({ ndcg10 }) => ndcg10)),
    hit1: mean(sets.map(({ hit1 }) => hit1)),
  };
}
