import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { memoryIndex } from "../src/adapters/lexical/memory-index.ts";
import { bootstrap } from "../src/rules/bootstrap.ts";
import { lexicalRules } from "../src/rules/lexical.ts";
import { meanScores, type Scores, scoresOf } from "./found.ts";
import type { LabelledSet } from "./labelled-sets.ts";
import { round } from "./measure.ts";
import type { Result, Table } from "./report.ts";
import { firstSolved, type SolvedHandbook, solvedHandbook } from "./solved.ts";

type Rules = Parameters<typeof memoryIndex>[1];
type Gain = Rules["termGain"];
type TaskTerms = ReturnType<Rules["taskTerms"]>;

const RULES: Rules = lexicalRules;
const MOST = 10;

const counting = (change: (counts: Parameters<Gain>[0]) => Partial<Parameters<Gain>[0]>): Partial<Rules> => ({
  termGain: (counts, lengths, means) => RULES.termGain({ ...counts, ...change(counts) }, lengths, means),
});

/** The recipe, and what is left of it without one of its parts. */
const VARIANTS: Record<string, Partial<Rules>> = {
  "the recipe": {},
  "no solved tasks": counting(() => ({ solved: 0 })),
  "solved tasks count once": counting(({ solved }) => ({ solved: Math.min(1, solved) })),
  "no name": counting(() => ({ name: 0 })),
  "no instruction": counting(() => ({ body: 0 })),
  "no pairs": { pairWeight: 0 },
  "no stems": { terms: unstemmed, taskTerms: withoutStems },
  "all terms of a task weigh alike": { taskTerms: unweighted },
  "a history costs nothing": { chanceGain: () => 0 },
  "no rarity": { idf: () => 1 },
  "every term counts once": {
    termGain: ({ name, when, body, solved }, lengths, means) =>
      RULES.termGain(
        { name: Math.min(1, name), when: Math.min(1, when), body: Math.min(1, body), solved },
        lengths,
        means,
      ),
  },
  "lengths do not matter": {
    termGain: (counts, lengths, means) => RULES.termGain(counts, { ...lengths, ...means, body: 0 }, means),
  },
};

function unstemmed(text: string): string[] {
  const words =
    text
      .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  return words.filter((word) => RULES.terms(word).length > 0);
}

/** Weighs as the recipe does, by the stem. */
function withoutStems(text: string): TaskTerms {
  const weights = RULES.taskTerms(text).terms;
  const sequence = unstemmed(text);
  const weightOf = (word: string) => weights.get(RULES.terms(word)[0] ?? "") ?? 1;
  return {
    terms: new Map(sequence.map((word) => [word, weightOf(word)])),
    pairs: new Map(RULES.pairs(sequence).map((pair) => [pair, 1])),
  };
}

function unweighted(text: string): TaskTerms {
  const { terms, pairs } = RULES.taskTerms(text);
  return {
    terms: new Map([...terms.keys()].map((term) => [term, 1])),
    pairs: new Map([...pairs.keys()].map((pair) => [pair, 1])),
  };
}

/**
 * What each part of the formula earns: every variant answers the same queries through the whole retrieval, without
 * history and with ten solved tasks a behavior, leaving out the asked one.
 */
export async function ablate(directory: string, sets: readonly LabelledSet[]): Promise<Result> {
  const keys: Record<string, unknown> = {};
  const tables: Table[] = [];
  for (const set of sets) {
    const home = join(directory, set.name);
    mkdirSync(home);
    const handbook = await solvedHandbook(home, set);
    const states = { cold: 0, past10: MOST };
    const results: Record<string, Map<string, Scores[]>> = {};
    for (const [state, most] of Object.entries(states)) {
      console.error(`${set.name}: ${state}, ${Object.keys(VARIANTS).length} variants`);
      results[state] = await variantsOf(handbook, set, most);
    }
    await handbook.close();
    const { key, lines } = compared(results);
    keys[set.name] = key;
    const align = ["l", "r", "r", "r", "r"] as const;
    tables.push({ title: `${set.name}: nDCG@10 of the recipe without one of its parts`, lines, align });
  }
  return { name: "retrieval-ablation", keys: { ablation: keys }, tables, rows: [], faults: [] };
}

async function variantsOf(
  { ports, history, letCount, ask }: SolvedHandbook,
  { queries }: LabelledSet,
  most: number,
): Promise<Map<string, Scores[]>> {
  const variants = Object.entries(VARIANTS).map(([name, changed]) => ({
    name,
    scores: [] as Scores[],
    ports: { ...ports, index: memoryIndex(ports.ledger, { ...RULES, ...changed }) },
  }));
  for (const query of queries) {
    await letCount(firstSolved(history, most, query));
    for (const variant of variants)
      variant.scores.push(scoresOf(await ask(query.text, variant.ports), query.relevant));
  }
  return new Map(variants.map(({ name, scores }) => [name, scores]));
}

function compared(results: Record<string, Map<string, Scores[]>>) {
  const key: Record<string, Record<string, unknown>> = {};
  const lines = [["", ...Object.keys(results).flatMap((state) => [state, "against the recipe"])]];
  for (const name of Object.keys(VARIANTS)) {
    const cells: string[] = [];
    const figures: Record<string, unknown> = {};
    for (const [state, variants] of Object.entries(results)) {
      const scores = variants.get(name) ?? [];
      const recipe = variants.get("the recipe") ?? [];
      const against = bootstrap(scores.map(({ ndcg10 }, i) => ndcg10 - (recipe[i]?.ndcg10 ?? 0)));
      figures[state] = { ...meanScores(scores), ndcg10_against_recipe: against };
      const { mean, low, high } = against;
      cells.push(
        meanScores(scores).ndcg10.toFixed(3),
        name === "the recipe" ? "" : `${round(mean, 3)} (${round(low, 3)} to ${round(high, 3)})`,
      );
    }
    key[name.replaceAll(" ", "_")] = figures;
    lines.push([name, ...cells]);
  }
  return { key, lines };
}
