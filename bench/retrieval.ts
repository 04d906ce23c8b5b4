import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Embedder } from "../src/ports/models.ts";
import type { Ports } from "../src/ports.ts";
import { random } from "../src/rules/random.ts";
import { ablate } from "./ablation.ts";
import { plainBm25 } from "./bm25.ts";
import { openEmbedders } from "./embedders.ts";
import { exactVectors } from "./exact-vectors.ts";
import { type Scores, scoresOf } from "./found.ts";
import { type LabelledSet, type Query, readSet, setsUnder } from "./labelled-sets.ts";
import { BadCall, type Options, type Result } from "./report.ts";
import { type Answered, aloneIn, fusedIn, type Measured, report, type Served } from "./retrieval-report.ts";
import { inTempDirectory } from "./servers.ts";
import { firstSolved, type Solved, type SolvedHandbook, shuffle, solvedHandbook } from "./solved.ts";

const SEED = 30;
const MOST = 10;
const PAST = [1, 3, MOST];
const UNCUT = ["cold", `past${MOST}`]; // here it is also told what leaving out costs

export async function run(options: Options): Promise<Result> {
  const sets = setsOf(options);
  const embedders = await openEmbedders(options.ablate ? [] : (options.embedder ?? []));
  return inTempDirectory(async (directory) => {
    if (options.ablate) return ablate(directory, sets);
    const measured: Measured[] = [];
    for (const set of sets) {
      const foreign = sets.filter(({ source }) => source !== set.source);
      const queries = new Map(foreign.flatMap((other) => other.queries.map(({ text }) => [text, text])));
      measured.push(await measure(join(directory, set.name), set, [...queries.keys()], embedders));
    }
    return report(measured);
  });
}

function setsOf({ data, set = [] }: Options): LabelledSet[] {
  if (set.length === 0 && !data)
    throw new BadCall(
      "This bench reads labelled sets: name their directory with --data or HANDBOOK_BENCH_DATA, or single folders with --set.",
    );
  const sets = set.length > 0 ? set.flatMap(readSet) : setsUnder(data ?? "");
  const twice = sets.find(({ name }, i) => sets.findIndex((other) => other.name === name) < i);
  if (twice !== undefined)
    throw new BadCall(`Two sets are called ${twice.name}, after their folders. Rename one of the folders.`);
  return sets;
}

async function measure(
  home: string,
  set: LabelledSet,
  foreign: readonly string[],
  embedders: ReadonlyMap<string, Embedder>,
): Promise<Measured> {
  console.error(`${set.name}: importing ${set.documents.length} behaviors and their history`);
  mkdirSync(home);
  const handbook = await solvedHandbook(home, set);
  try {
    const { ports } = handbook;
    const ways = [...embedders].map(([name, embedder]) => ({
      name,
      vectors: exactVectors(ports.ledger, embedder),
    }));
    const conditions = new Map<string, Answered[]>();
    const add = (name: string, answer: Answered) => {
      const answers = conditions.get(name);
      if (answers === undefined) conditions.set(name, [answer]);
      else answers.push(answer);
    };
    const condition = async (
      name: string,
      queries: readonly Query[],
      solved: (query: Query) => ReadonlySet<string>,
    ) => {
      console.error(`${set.name}: ${name}`);
      for (const query of queries) {
        const traces = solved(query);
        await handbook.letCount(traces);
        const { documents, fit } = await handbook.search(query.text);
        const about = { query: query.id, fit, solved: solvedWithGold(handbook, query, traces) };
        add(name, { ...about, ...judged(await handbook.ask(query.text), query) });
        if (UNCUT.includes(name)) add(`${name}_uncut`, { ...about, ...judged(documents, query) });
        for (const { name: embedder, vectors } of ways) {
          const alone = await handbook.nearest(query.text, vectors);
          add(aloneIn(embedder, name), { ...about, ...judged(alone, query) });
          const both = { ...ports, vectors };
          const { fit } = await handbook.search(query.text, both);
          const fused = judged(await handbook.ask(query.text, both), query);
          add(fusedIn(embedder, name), { ...about, fit, ...fused });
        }
      }
    };
    const foreignTo = new Map<string, Served[]>();
    const askForeign = async (name: string) => {
      foreignTo.set(name, await topFits(handbook, foreign, ports));
      for (const { name: embedder, vectors } of ways)
        foreignTo.set(fusedIn(embedder, name), await topFits(handbook, foreign, { ...ports, vectors }));
    };
    const { queries } = set;
    conditions.set("bm25", withBm25(set));
    conditions.set("bm25_our_terms", withBm25(set, true));
    await condition("cold", queries, () => NOTHING);
    await askForeign("cold");
    for (const most of PAST)
      await condition(`past${most}`, queries, (query) => firstSolved(handbook.history, most, query));
    await condition("cold_beside_warm", queries, (query) =>
      firstSolved(handbook.history, MOST, query, query.relevant),
    );
    // Where only the one to be found has no history, that alone would tell it: here half of all have none.
    const without = new Map(
      shuffle(set.documents, random(SEED))
        .slice(0, Math.floor(set.documents.length / 2))
        .map(({ id }) => [id, true]),
    );
    const isWithout = ({ relevant }: Query) => [...relevant.keys()].every((id) => without.has(id));
    const inHalf = (query: Query) => firstSolved(handbook.history, MOST, query, without);
    await condition("without_among_half", queries.filter(isWithout), inHalf);
    await condition(
      "with_among_half",
      queries.filter((query) => !isWithout(query)),
      inHalf,
    );
    const { history, others } = halves(set, handbook.history);
    await condition("heldout", others, (query) => firstSolved(history, MOST, query));
    await handbook.letCount(new Set([...handbook.history.values()].flatMap(newest)));
    await askForeign("past10");
    return {
      set,
      conditions,
      embedders: [...embedders.keys()],
      foreign: foreign.length === 0 ? new Map() : foreignTo,
      quarantined: handbook.quarantined,
      traces: [...handbook.history.values()].flat().length,
      sources: [...handbook.sources],
    };
  } finally {
    await handbook.close();
  }
}

const NOTHING: ReadonlySet<string> = new Set();

function newest(solved: readonly Solved[]): string[] {
  return solved.slice(0, MOST).map(({ trace }) => trace);
}

function withBm25({ documents, queries }: LabelledSet, likeOurs = false): Answered[] {
  const search = plainBm25(documents, likeOurs);
  return queries.map((query) => {
    const found = search(query.text);
    return { query: query.id, fit: 0, solved: 0, ...judged(found, query) };
  });
}

function judged(found: readonly string[], { relevant }: Query): Scores & { served: number } {
  return { served: found.length, ...scoresOf(found, relevant) };
}

/** How many of the counting traces are of what was to be found. */
function solvedWithGold(
  { history }: SolvedHandbook,
  { relevant }: Query,
  counting: ReadonlySet<string>,
): number {
  const solved = [...relevant.keys()].flatMap((document) => history.get(document) ?? []);
  return solved.filter(({ trace }) => counting.has(trace)).length;
}

async function topFits(handbook: SolvedHandbook, tasks: readonly string[], ports: Ports): Promise<Served[]> {
  const answers: Served[] = [];
  for (const task of tasks) {
    const { fit } = await handbook.search(task, ports);
    answers.push({ served: (await handbook.ask(task, ports)).length, fit });
  }
  return answers;
}

/** Half of the queries are the history, the others are asked. */
function halves({ queries }: LabelledSet, history: SolvedHandbook["history"]) {
  const shuffled = shuffle(queries, random(SEED));
  const past = new Set(shuffled.splice(0, Math.floor(shuffled.length / 2)).map(({ id }) => id));
  const known = [...history].map(
    ([document, solved]) => [document, solved.filter(({ query }) => past.has(query.id))] as const,
  );
  return { history: new Map(known), others: shuffled };
}
