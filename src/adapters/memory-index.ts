import type { BehaviorIndex, Hit, LedgerReads, Source } from "../ports.ts";
import { type FieldLengths, type LexicalRules, Segment, unpackCounts } from "./memory-segment.ts";

const BATCH = 100; // behaviors read between two turns of the event loop: about 20 ms of work, and little to collect
const FIRST_BUILD_WAIT_MS = 1000;
/**
 * A lexical index in the memory of this process, read from the ledger and followed by its sequence number.
 *
 * It builds in the background from the first call of `warm` or `search`; a search waits for the build at most a
 * second and then answers from what there is, marked `partial`.
 */
export function memoryIndex(
  ledger: Pick<LedgerReads, "changedBehaviors" | "headSeq">,
  rules: LexicalRules,
): BehaviorIndex & { warm(): Promise<void> } {
  const handbooks = new Map<string, Segment>();
  let seq = 0;
  let following: Promise<void> | undefined;
  let built = false;

  async function readChanges(): Promise<void> {
    const head = await ledger.headSeq();
    for (;;) {
      const changes = await ledger.changedBehaviors(seq, BATCH);
      if (changes.documents.length === 0) break;
      for (const [slug, documents] of Map.groupBy(changes.documents, (document) => document.handbook)) {
        const segment = handbooks.get(slug) ?? new Segment(rules);
        segment.put(documents);
        handbooks.set(slug, segment);
      }
      seq = changes.seq;
      if (changes.documents.length < BATCH) break;
      await new Promise((resolve) => setImmediate(resolve)); // requests are answered between batches
    }
    // After a repair by hand the counter may be ahead of every row; there is nothing to wait for then.
    seq = Math.max(seq, head);
    built = true;
  }

  /** One reader at a time; who comes during a read joins it. */
  function follow(): Promise<void> {
    following ??= readChanges().finally(() => {
      following = undefined;
    });
    return following;
  }

  async function upToDate(): Promise<boolean> {
    if (built) {
      // A read under way may have started before the newest commit, so look again after it.
      while ((await ledger.headSeq()) > seq) await follow();
      return true;
    }
    const building = follow();
    building.catch(() => {}); // the next search tries again and reports
    const waited = await Promise.race([building.then(() => true), sleep(FIRST_BUILD_WAIT_MS)]);
    return waited === true;
  }

  return {
    async warm() {
      if (!built) await follow();
    },
    async search({ text, handbooks: slugs, topic, limit }) {
      const complete = await upToDate();
      const segments = slugs.flatMap((slug) => {
        const segment = handbooks.get(slug);
        return segment === undefined ? [] : [{ slug, segment }];
      });
      const sources: Source[] = complete ? ["lexical"] : ["lexical", "partial"];
      return { hits: searchSegments(rules, segments, text, topic, limit), sources };
    },
    progress: () => ({ seq, behaviors: handbooks.values().reduce((sum, { size }) => sum + size, 0) }),
  };
}

function sleep(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms).unref());
}

/** Scores the rows of several handbooks as if they were one: counts and mean lengths are summed over them. */
function searchSegments(
  rules: LexicalRules,
  segments: readonly { slug: string; segment: Segment }[],
  text: string,
  topic: string | undefined,
  limit: number,
): Hit[] {
  const sequence = rules.terms(text);
  const queryTerms = new Set(sequence);
  const queryPairs = new Set(rules.pairs(sequence));
  const sum = (pick: (segment: Segment) => number) =>
    segments.reduce((total, { segment }) => total + pick(segment), 0);
  const n = sum((segment) => segment.size);
  if (n === 0 || limit === 0) return [];
  const frequency = (term: string) => sum((segment) => segment.postings.get(term)?.df ?? 0);
  const means = { name: sum((s) => s.totals.name) / n, when: sum((s) => s.totals.when) / n };
  const pairMeans = { name: sum((s) => s.totals.namePairs) / n, when: sum((s) => s.totals.whenPairs) / n };
  const rarities = new Map<string, number>();
  for (const term of queryTerms) {
    const df = frequency(term);
    if (df > 0) rarities.set(term, rules.idf(n, df));
  }
  const ceiling = rules.scoreCeiling([...rarities.values()]);
  const wanted = topic?.toLowerCase();

  const hits: Hit[] = [];
  for (const { slug, segment } of segments) {
    const scores = new Float64Array(segment.names.length);
    for (const [term, weight] of rarities)
      addScores(rules, segment, segment.lengths, means, term, weight, scores);
    for (const pair of queryPairs) {
      if (!segment.postings.has(pair)) continue;
      const weight = rules.pairWeight * rules.idf(n, frequency(pair));
      addScores(rules, segment, segment.pairLengths, pairMeans, pair, weight, scores);
    }
    for (const [row, score] of scores.entries()) {
      const name = segment.names[row];
      if (name === undefined || !segment.alive[row]) continue;
      if (wanted === undefined ? score > 0 : segment.topics[row] === wanted) {
        const fit = ceiling > 0 ? Math.min(1, score / ceiling) : 0;
        hits.push({ handbook: slug, name, score, fit });
      }
    }
  }
  const byRelevance = (a: Hit, b: Hit) =>
    b.score - a.score || compare(a.handbook, b.handbook) || compare(a.name, b.name);
  return hits.sort(byRelevance).slice(0, limit);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function addScores(
  rules: LexicalRules,
  segment: Segment,
  lengths: readonly FieldLengths[],
  means: { name: number; when: number },
  term: string,
  weight: number,
  scores: Float64Array,
): void {
  const postings = segment.postings.get(term);
  if (postings === undefined) return;
  const counts = { name: 0, when: 0, body: 0, solved: 0 };
  for (const [at, row] of postings.rows.entries()) {
    const fields = lengths[row];
    if (fields === undefined || !segment.alive[row]) continue;
    unpackCounts(postings.counts[at] ?? 0, counts);
    scores[row] = (scores[row] ?? 0) + weight * rules.termGain(counts, fields, means);
  }
}
