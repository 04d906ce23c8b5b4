import type { BehaviorKey } from "../model/behavior.ts";
import type { BehaviorIndex, Hit, IndexDocument, LedgerReads, Search, Source } from "../ports.ts";
import type { LexicalRules } from "./lexical-documents.ts";
import { type Statistics, searchSegments, statisticsOf } from "./lexical-search.ts";
import { Segment } from "./lexical-segment.ts";

const CANDIDATES = 100; // what full text proposes and the recipe ranks
const SAMPLE_PLACES = 200;
const SAMPLE_RUN = 100; // behaviors read at each place
const LEAST_SAMPLE = 500; // of the handbooks searched; below it the whole sample speaks for them
const TAIL = 500; // newest changes that are looked at beside what full text has; more of them are waited for

/** An index of full text outside this process, behind the ledger by seconds. */
export interface TextIndex {
  /** Behaviors that share words with the text, the likeliest first; undefined while there is no answer. */
  candidates(search: Search): Promise<BehaviorKey[] | undefined>;
  /** The ledger's sequence number up to which the last search had every change. */
  progress(): { seq: number };
}

/**
 * The lexical index for more behaviors than one process should hold: full text proposes candidates, and the recipe
 * ranks them by their texts from the ledger. How rare a term is, is estimated from 20,000 behaviors spread evenly
 * over the ledger. What changed since the full text was last brought up to date is looked at as well, so a new
 * behavior is found by the next search.
 */
export function largeIndex(
  ledger: Pick<LedgerReads, "changedBehaviors" | "headSeq" | "documents" | "behaviorCount">,
  rules: LexicalRules,
  texts: TextIndex,
): BehaviorIndex & { warm(): Promise<void>; close(): Promise<void> } {
  let sampling: Promise<Map<string, Segment>> | undefined;
  let behaviors = 0;
  let tail = { from: 0, to: 0, documents: [] as IndexDocument[] };

  async function readSample(): Promise<Map<string, Segment>> {
    const head = await ledger.headSeq();
    behaviors = await ledger.behaviorCount();
    const sample = new Map<string, Segment>();
    let read = 0; // places overlap where the ledger is small
    for (let place = 0; place < SAMPLE_PLACES; place++) {
      const after = Math.max(read, Math.floor((head * place) / SAMPLE_PLACES));
      const { documents, seq } = await ledger.changedBehaviors(after, SAMPLE_RUN);
      read = seq;
      putInto(sample, rules, documents);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return sample;
  }

  function sample(): Promise<Map<string, Segment>> {
    sampling ??= readSample().catch((error: unknown) => {
      sampling = undefined;
      throw error;
    });
    return sampling;
  }

  /** What changed after the full text's last update, and whether that is all of it. */
  async function readTail(): Promise<{ documents: IndexDocument[]; isWhole: boolean }> {
    const [from, head] = [texts.progress().seq, await ledger.headSeq()];
    if (tail.from !== from) tail = { from, to: from, documents: [] };
    while (tail.to < head && tail.documents.length < TAIL) {
      const { documents, seq } = await ledger.changedBehaviors(tail.to, SAMPLE_RUN);
      tail.to = documents.length < SAMPLE_RUN ? Math.max(seq, head) : seq;
      tail.documents.push(...documents);
    }
    return { documents: tail.documents, isWhole: tail.to >= head };
  }

  return {
    async warm() {
      await sample();
    },
    async search(search) {
      const proposed = await texts.candidates({ ...search, limit: Math.max(CANDIDATES, search.limit) });
      const recent = await readTail();
      const found = await ledger.documents(proposed ?? []);
      const isSearched = ({ handbook }: IndexDocument) => search.handbooks.includes(handbook);
      const segments = new Map<string, Segment>();
      putInto(segments, rules, [...found, ...recent.documents].filter(isSearched));
      const statistics = withCandidates(statisticsFor(await sample(), search.handbooks), [
        ...segments.values(),
      ]);
      const listed = [...segments].map(([slug, segment]) => ({ slug, segment }));
      const hits: Hit[] = searchSegments(rules, listed, statistics, search);
      const isWhole = proposed !== undefined && recent.isWhole;
      const sources: Source[] = isWhole ? ["lexical"] : ["lexical", "partial"];
      return { hits, sources };
    },
    progress: () => ({ seq: tail.to, behaviors }),
    async close() {},
  };
}

function putInto(
  segments: Map<string, Segment>,
  rules: LexicalRules,
  documents: readonly IndexDocument[],
): void {
  for (const [slug, some] of Map.groupBy(documents, ({ handbook }) => handbook)) {
    const segment = segments.get(slug) ?? new Segment(rules);
    segment.put(some);
    segments.set(slug, segment);
  }
}

function statisticsFor(sample: ReadonlyMap<string, Segment>, handbooks: readonly string[]): Statistics {
  const own = statisticsOf(handbooks.flatMap((slug) => sample.get(slug) ?? []));
  return own.n >= LEAST_SAMPLE ? own : statisticsOf([...sample.values()]);
}

/** A term that the sample has never met is as rare as one that it met once. */
function withCandidates(sample: Statistics, candidates: readonly Segment[]): Statistics {
  const here = statisticsOf(candidates);
  if (sample.n === 0) return here;
  return {
    ...sample,
    documentFrequency: (hash) => sample.documentFrequency(hash) || Math.min(1, here.documentFrequency(hash)),
  };
}
