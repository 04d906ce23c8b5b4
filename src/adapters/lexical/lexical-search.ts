import { compareKeys } from "../../model/behavior.ts";
import { type Hit, MAX_SOLVED_TASKS, type Search } from "../../ports.ts";
import { type Block, findTerm, hashOf, LENGTHS, nameOf } from "./lexical-block.ts";
import { isInOwnText, type LexicalRules, unpackCounts } from "./lexical-documents.ts";
import type { Segment } from "./lexical-segment.ts";

const TASKS = LENGTHS.indexOf("tasks");

/** What the formula must know of all behaviors searched. */
export interface Statistics {
  n: number;
  documentFrequency(hash: number): number;
  means: { name: number; when: number };
  pairMeans: { name: number; when: number };
}

/** A handbook, or a part of one, that is searched. */
export interface Searched {
  slug: string;
  segment: Segment;
  /** As if nothing had been solved with its behaviors. */
  byOwnText: boolean;
}

/** Those of the handbooks searched that there are. */
export function searchedIn(
  segments: ReadonlyMap<string, Segment>,
  { handbooks, byOwnText = [] }: Pick<Search, "handbooks" | "byOwnText">,
): Searched[] {
  return handbooks.flatMap((slug) => {
    const segment = segments.get(slug);
    return segment === undefined ? [] : [{ slug, segment, byOwnText: byOwnText.includes(slug) }];
  });
}

/** Summed over several handbooks, as if they were one. */
export function statisticsOf(searched: readonly Omit<Searched, "slug">[]): Statistics {
  const n = searched.reduce((sum, { segment }) => sum + segment.size, 0);
  const totals = searched.map(({ segment }) => segment.totals());
  const mean = (field: (typeof LENGTHS)[number]) =>
    n === 0 ? 0 : totals.reduce((sum, lengths) => sum + lengths[field], 0) / n;
  return {
    n,
    documentFrequency: (hash) =>
      searched.reduce((sum, { segment, byOwnText }) => sum + segment.documentFrequency(hash, byOwnText), 0),
    means: { name: mean("name"), when: mean("when") },
    pairMeans: { name: mean("namePairs"), when: mean("whenPairs") },
  };
}

interface QueryTerm {
  hash: number;
  /** Rarity times weight. */
  strength: number;
  isPair: boolean;
}

/** The `limit` best rows of these segments, or all of a topic; ties by handbook and name. */
export function searchSegments(
  rules: LexicalRules,
  searched: readonly Searched[],
  statistics: Statistics,
  query: { text: string; topic?: string | undefined; limit: number },
): Hit[] {
  const { n } = statistics;
  if (n === 0 || query.limit === 0) return [];
  const task = rules.taskTerms(query.text);
  const known: QueryTerm[] = [];
  const strengths: number[] = [];
  let weights = 0;
  for (const [term, weight] of task.terms) {
    const hash = hashOf(term);
    const df = statistics.documentFrequency(hash);
    strengths.push(weight * rules.idf(n, Math.max(1, df)));
    if (df === 0) continue;
    known.push({ hash, strength: weight * rules.idf(n, df), isPair: false });
    weights += weight;
  }
  for (const [pair, weight] of task.pairs) {
    const hash = hashOf(pair);
    const df = statistics.documentFrequency(hash);
    if (df > 0) known.push({ hash, strength: rules.pairWeight * weight * rules.idf(n, df), isPair: true });
  }
  const chance = Array.from({ length: MAX_SOLVED_TASKS + 1 }, (_, tasks) => rules.chanceGain(tasks, weights));

  const best = new Best(query.limit);
  for (const { slug, segment, byOwnText } of searched) {
    for (const block of segment.blocks) {
      const tasks = (row: number) => (byOwnText ? 0 : tasksOf(block, row));
      const { scores, touched } = scoreBlock(rules, block, known, byOwnText, statistics);
      for (const row of touched) (scores[row] as number) -= chance[tasks(row)] as number;
      const rows = query.topic === undefined ? touched : rowsOfTopic(block, query.topic.toLowerCase());
      for (const row of rows)
        best.offer(scores[row] || -(chance[tasks(row)] as number), tasks(row), slug, block, row);
      for (const row of touched) scores[row] = 0;
    }
  }
  return best.list().map(({ score, tasks, handbook, name }) => {
    const gain = score + (chance[tasks] as number);
    return { handbook, name, score, fit: rules.fit(gain, strengths) };
  });
}

function* rowsOfTopic({ topics, topicNames, alive }: Block, topic: string): Iterable<number> {
  const wanted = topicNames.indexOf(topic) + 1;
  if (wanted === 0) return;
  for (let row = 0; row < topics.length; row++) if (topics[row] === wanted && alive[row] === 1) yield row;
}

// Used again by every search: scores are all zero between two of them.
let scores = new Float64Array(1024);
let touchedRows = new Uint32Array(1024);

function scoreBlock(
  rules: LexicalRules,
  block: Block,
  terms: readonly QueryTerm[],
  byOwnText: boolean,
  { means, pairMeans }: Statistics,
): { scores: Float64Array; touched: Uint32Array } {
  const { offsets, postingRows, postingCounts, lengths, alive } = block;
  if (scores.length < alive.length) {
    scores = new Float64Array(alive.length * 2);
    touchedRows = new Uint32Array(alive.length * 2);
  }
  const counts = { name: 0, when: 0, body: 0, solved: 0 };
  const fields = { name: 0, when: 0, body: 0 };
  let touched = 0;
  for (const { hash, strength, isPair } of terms) {
    const term = findTerm(block, hash);
    if (term < 0) continue;
    const end = offsets[term + 1] as number;
    for (let at = offsets[term] as number; at < end; at++) {
      const row = postingRows[at] as number;
      const packed = postingCounts[at] as number;
      if (alive[row] === 0 || (byOwnText && !isInOwnText(packed))) continue;
      unpackCounts(packed, counts);
      if (byOwnText) counts.solved = 0;
      const from = row * LENGTHS.length;
      fields.name = lengths[isPair ? from + 3 : from] as number;
      fields.when = lengths[isPair ? from + 4 : from + 1] as number;
      fields.body = isPair ? 0 : (lengths[from + 2] as number);
      if (scores[row] === 0) touchedRows[touched++] = row;
      (scores[row] as number) += strength * rules.termGain(counts, fields, isPair ? pairMeans : means);
    }
  }
  return { scores, touched: touchedRows.subarray(0, touched) };
}

function tasksOf({ lengths }: Block, row: number): number {
  return lengths[row * LENGTHS.length + TASKS] as number;
}

interface Found {
  score: number;
  tasks: number;
  handbook: string;
  name: string;
}

/** The best of what is offered, at most `limit`. Names are read only of what may stay. */
class Best {
  private readonly found: Found[] = [];
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  offer(score: number, tasks: number, handbook: string, block: Block, row: number): void {
    const { found, limit } = this;
    const last = found[limit - 1];
    if (last !== undefined && score < last.score) return;
    const one = { score, tasks, handbook, name: nameOf(block, row) };
    if (last !== undefined && inOrder(last, one) <= 0) return;
    let low = 0;
    let high = found.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (inOrder(found[middle] as Found, one) < 0) low = middle + 1;
      else high = middle;
    }
    found.splice(low, 0, one);
    if (found.length > limit) found.pop();
  }

  list(): readonly Found[] {
    return this.found;
  }
}

function inOrder(a: Found, b: Found): number {
  return b.score - a.score || compareKeys(a, b);
}
