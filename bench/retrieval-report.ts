import type { Source } from "../src/ports.ts";
import { bootstrap, type Interval, mean, quantile } from "../src/rules/bootstrap.ts";
import { areaUnderRoc, MEASURES, meanScores, type Scores } from "./found.ts";
import type { LabelledSet } from "./labelled-sets.ts";
import { round } from "./measure.ts";
import { picture } from "./picture.ts";
import type { Result, Row, Table } from "./report.ts";

/** How a query was answered. */
export interface Answered extends Scores, Served {
  query: string;
  /** Solved tasks of the behaviors that were to be found. */
  solved: number;
}

export interface Served {
  /** How many behaviors. */
  served: number;
  /** Of the best one found, served or not. */
  fit: number;
}

export interface Measured {
  set: LabelledSet;
  /** By name, in the order to print; those of embedders as `aloneIn` and `fusedIn` call them. */
  conditions: ReadonlyMap<string, readonly Answered[]>;
  embedders: readonly string[];
  /** Queries of the other sets, by condition; none where there is no other set. */
  foreign: ReadonlyMap<string, readonly Served[]>;
  quarantined: number;
  traces: number;
  sources: readonly Source[];
}

export function aloneIn(embedder: string, condition: string): string {
  return `${embedder} alone: ${condition}`;
}

export function fusedIn(embedder: string, condition: string): string {
  return `${embedder} fused: ${condition}`;
}

const WORDS: Record<string, string> = {
  bm25: "plain BM25",
  bm25_our_terms: "plain BM25 over the program's terms",
  cold: "no history",
  cold_uncut: "… nothing left out",
  past10_uncut: "… nothing left out",
  past1: "1 solved task a behavior",
  past3: "3 solved tasks a behavior",
  past10: "10 solved tasks a behavior",
  heldout: "half of the queries as history",
  cold_beside_warm: "no history, but all others have",
  without_among_half: "half of all have history: those without",
  with_among_half: "half of all have history: those with",
};

export async function report(measured: readonly Measured[]): Promise<Result> {
  const sets: Record<string, unknown> = {};
  const tables: Table[] = [];
  const rows: Row[] = [];
  const faults: string[] = [];
  for (const one of measured) {
    const { keys, table } = qualityOf(one);
    const meaning = one.embedders.map((embedder) => meaningOf(one, embedder));
    const abstention = abstentionOf(one);
    sets[one.set.name] = {
      documents: one.set.documents.length,
      queries: one.set.queries.length,
      queries_without_label: one.set.unlabelled,
      quarantined: one.quarantined,
      traces: one.traces,
      ...keys,
      embedders: Object.fromEntries(one.embedders.map((embedder, i) => [embedder, meaning[i]?.keys])),
      ...(abstention && { abstention: abstention.keys }),
    };
    tables.push(table, ...meaning.map((of) => of.table));
    if (abstention) tables.push(abstention.table);
    rows.push(gain(one, "past10"), gain(one, "cold"));
    if (one.sources.includes("partial"))
      faults.push(`${one.set.name}: some answers came from an index that was not built`);
  }
  return { keys: { sets }, tables, rows, picture: await drawn(measured), faults };
}

const DRAWN = ["bm25", "cold", "past1", "past3", "past10", "without_among_half"];

function drawn(measured: readonly Measured[]): Promise<string> {
  const panels = measured.map(({ set, conditions }) => ({
    title: `${set.name}, nDCG@10`,
    bars: DRAWN.map((name) => {
      const { mean: value, low, high } = bootstrap((conditions.get(name) ?? []).map(({ ndcg10 }) => ndcg10));
      return { label: WORDS[name] ?? name, value, low, high, text: figure(value) };
    }),
  }));
  return picture(panels, { columns: 3, highlight: WORDS.past10 ?? "", width: 140 });
}

function gain(one: Measured, condition: string): Row {
  const { mean: gained, low, high } = difference(one, condition, "bm25").ndcg10;
  return {
    what: `${one.set.name}: nDCG@10, ${WORDS[condition]}, against plain BM25`,
    value: signed(gained),
    spread: `${signed(low)} to ${signed(high)}, 95 %`,
  };
}

function qualityOf(one: Measured): { keys: Record<string, unknown>; table: Table } {
  const { set, conditions, quarantined } = one;
  const keys: Record<string, unknown> = {};
  const lines = [
    [
      "",
      "n",
      "nDCG@10",
      "recall@10",
      "hit@1",
      "MRR",
      "nDCG@10 against BM25",
      "… against no history",
      "served",
      "solved",
    ],
  ];
  for (const [name, answers] of conditions) {
    if (!(name in WORDS)) continue;
    const scores = meanScores(answers);
    const toBm25 = difference(one, name, "bm25");
    const toCold = difference(one, name, "cold");
    const served = meanServed(answers);
    const solved = mean(answers.map((answer) => answer.solved));
    const interval = bootstrap(answers.map(({ ndcg10 }) => ndcg10));
    keys[name] = {
      ...scores,
      queries: answers.length,
      served,
      solved,
      ndcg10_interval: interval,
      against_bm25: toBm25,
      against_cold: toCold,
    };
    lines.push([
      WORDS[name] ?? name,
      String(answers.length),
      ...MEASURES.map((measure) => figure(scores[measure])),
      name === "bm25" ? "" : shown(toBm25.ndcg10),
      name === "cold" || name.startsWith("bm25") ? "" : shown(toCold.ndcg10),
      String(round(served, 1)),
      String(round(solved, 1)),
    ]);
  }
  const held = quarantined === 0 ? "" : `, ${quarantined} of them held back by the screening`;
  const title = `${set.name}: ${set.documents.length} behaviors${held}, ${set.queries.length} queries. "solved": solved tasks of what was to be found, mean`;
  return { keys, table: { title, lines, align: ["l", ...lines.slice(1).map(() => "r" as const), "r"] } };
}

/** An embedder alone, and the program with it, beside the program without. */
function meaningOf(one: Measured, embedder: string): { keys: Record<string, unknown>; table: Table } {
  const keys: Record<string, unknown> = {};
  const head = ["nDCG@10", "recall@10", "hit@1", "MRR"];
  const lines = [
    [
      "",
      "words: nDCG@10",
      "embedder alone: nDCG@10",
      ...head.map((name) => `both: ${name}`),
      "both against words, nDCG@10",
    ],
  ];
  for (const condition of Object.keys(WORDS)) {
    const alone = one.conditions.get(aloneIn(embedder, condition));
    const fused = one.conditions.get(fusedIn(embedder, condition));
    if (alone === undefined || fused === undefined) continue;
    const against = difference(one, fusedIn(embedder, condition), condition);
    const scores = meanScores(fused);
    keys[condition] = { alone: meanScores(alone), fused: { ...scores, against_words: against } };
    lines.push([
      WORDS[condition] ?? condition,
      figure(meanScores(one.conditions.get(condition) ?? []).ndcg10),
      figure(meanScores(alone).ndcg10),
      ...MEASURES.map((measure) => figure(scores[measure])),
      shown(against.ndcg10),
    ]);
  }
  const align = ["l" as const, ...(lines[0] ?? []).slice(1).map(() => "r" as const)];
  return { keys, table: { title: `${one.set.name}, with ${embedder}`, lines, align } };
}

/** Over the queries that both were asked. */
function difference({ conditions }: Measured, name: string, base: string): Record<keyof Scores, Interval> {
  const bases = new Map(conditions.get(base)?.map((answer) => [answer.query, answer]));
  const answers = conditions.get(name) ?? [];
  const differences = (measure: keyof Scores) =>
    bootstrap(answers.map((answer) => answer[measure] - (bases.get(answer.query)?.[measure] ?? 0)));
  return {
    ndcg10: differences("ndcg10"),
    recall10: differences("recall10"),
    hit1: differences("hit1"),
    mrr: differences("mrr"),
  };
}

const KEPT = [0.99, 0.95, 0.9, 0.8];

/**
 * Which tasks get nothing: of the set's own and of those of other sets, to which nothing fits. Then how well the
 * fit of the best behavior tells the two apart: for a floor that so many own tasks pass, how many foreign ones do.
 */
function abstentionOf({ set, conditions, foreign }: Measured) {
  if (foreign.size === 0) return undefined;
  const keys: Record<string, unknown> = {};
  const share = (part: number) => `${round(part * 100, 1)} %`;
  const lines = [
    [
      "",
      "own that get nothing",
      "foreign that get nothing",
      "foreign: served",
      "area under ROC",
      ...KEPT.map((kept) => `foreign answered where ${share(kept)} of own are`),
    ],
  ];
  for (const [state, others] of foreign) {
    const own = conditions.get(state) ?? [];
    const fits = own.map(({ fit }) => fit);
    const area = areaUnderRoc(
      fits,
      others.map(({ fit }) => fit),
    );
    const sorted = fits.toSorted((a, b) => a - b);
    const curve = KEPT.map((kept) => {
      const floor = quantile(sorted, 1 - kept);
      const recall = shareOf(own, ({ fit }) => fit >= floor);
      const answered = shareOf(others, ({ fit }) => fit >= floor);
      return { floor, recall, foreign_answered: answered, precision: recall / (recall + answered) };
    });
    const nothing = { own: shareOf(own, empty), foreign: shareOf(others, empty) };
    keys[state] = {
      own_nothing: nothing.own,
      foreign_nothing: nothing.foreign,
      foreign_served: meanServed(others),
      foreign_queries: others.length,
      area_under_roc: area,
      curve,
    };
    lines.push([
      WORDS[state] ?? state,
      share(nothing.own),
      share(nothing.foreign),
      String(round(meanServed(others), 1)),
      figure(area),
      ...curve.map(({ foreign_answered }) => share(foreign_answered)),
    ]);
  }
  const title = `${set.name}: what is served to ${foreign.get("cold")?.length} tasks of other sets`;
  const align = [
    "l" as const,
    ...KEPT.map(() => "r" as const),
    "r" as const,
    "r" as const,
    "r" as const,
    "r" as const,
  ];
  return { keys, table: { title, lines, align } };
}

function empty({ served }: Served): boolean {
  return served === 0;
}

function shareOf<T>(list: readonly T[], holds: (one: T) => boolean): number {
  return list.filter(holds).length / list.length;
}

function meanServed(answers: readonly Served[]): number {
  return mean(answers.map(({ served }) => served));
}

function figure(value: number): string {
  return value.toFixed(3);
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${figure(Math.abs(value))}`;
}

function shown({ mean: gained, low, high }: Interval): string {
  return `${signed(gained)} (${signed(low)} to ${signed(high)})`;
}
