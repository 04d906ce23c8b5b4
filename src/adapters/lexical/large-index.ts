import { type BehaviorKey, behaviorId } from "../../model/behavior.ts";
import type { BehaviorIndex, Hit, IndexDocument, LedgerReads, Search, Source } from "../../ports.ts";
import { splitCamelCase } from "../lance/lance-rows.ts";
import { hashOf } from "./lexical-block.ts";
import type { LexicalRules } from "./lexical-documents.ts";
import {
  type Searched,
  type Statistics,
  searchedIn,
  searchSegments,
  statisticsOf,
} from "./lexical-search.ts";
import { Segment } from "./lexical-segment.ts";

const CANDIDATES = 100; // what full text proposes and the recipe ranks
const SAMPLE_PLACES = 200;
const SAMPLE_RUN = 100; // behaviors read at each place
const LEAST_SAMPLE = 500; // of the handbooks searched; below it the whole sample speaks for them
const TAIL = 500; // newest changes that are looked at beside what full text has; more of them are waited for

/** An index of full text outside this process, behind the ledger by seconds. */
export interface TextIndex {
  /**
   * Behaviors that share words with the text, the likeliest first; undefined while there is no answer. The first words
   * of the text count most.
   */
  candidates(search: Search): Promise<BehaviorKey[] | undefined>;
  /** The ledger's sequence number up to which the last search had every change. */
  progress(): { seq: number };
}

/** What changed after `from`, as of `to`: the newest reading of each behavior. */
interface Tail {
  from: number;
  to: number;
  segments: Map<string, Segment>;
  /** Of all that is in it, retired ones too. */
  keys: Set<string>;
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
  let tail = emptyTail(0);
  let reading: Promise<unknown> = Promise.resolve();

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

  /** Reads on what changed after `from`, and tells whether that is all of it. */
  async function readTail(from: number): Promise<{ recent: Tail; isWhole: boolean }> {
    if (tail.from !== from) tail = emptyTail(from);
    const recent = tail;
    const head = await ledger.headSeq();
    while (recent.to < head && recent.keys.size < TAIL) {
      const { documents, seq } = await ledger.changedBehaviors(recent.to, SAMPLE_RUN);
      putInto(recent.segments, rules, documents);
      for (const document of documents) recent.keys.add(behaviorId(document));
      recent.to = documents.length < SAMPLE_RUN ? Math.max(seq, head) : seq;
    }
    return { recent, isWhole: recent.to >= head };
  }

  /** One reader at a time, or two would put the same page into the same tail. */
  function followed(from: number): ReturnType<typeof readTail> {
    const read = reading.then(() => readTail(from));
    reading = read.catch(() => {});
    return read;
  }

  return {
    async warm() {
      await sample();
    },
    async search(search) {
      const { text, limit } = search;
      const known = statisticsFor(await sample(), search);
      const from = texts.progress().seq; // asked first: what is proposed has every change up to it
      const proposed = await texts.candidates({
        ...search,
        text: strongestFirst(rules, text, known),
        limit: Math.max(CANDIDATES, limit),
      });
      const { recent, isWhole } = await followed(from);
      const found = await ledger.documents(proposed ?? []);
      const segments = new Map<string, Segment>();
      putInto(
        segments,
        rules,
        found.filter((document) => !recent.keys.has(behaviorId(document))),
      );
      const listed = [segments, recent.segments].flatMap((some) => searchedIn(some, search));
      const statistics = withCandidates(known, listed);
      const hits: Hit[] = searchSegments(rules, listed, statistics, search);
      const isAll = proposed !== undefined && isWhole;
      const sources: Source[] = isAll ? ["lexical"] : ["lexical", "partial"];
      return { hits, sources };
    },
    progress: () => ({ seq: tail.to, behaviors }),
    async close() {},
  };
}

function emptyTail(from: number): Tail {
  return { from, to: from, segments: new Map(), keys: new Set() };
}

/** The words of a task, each once, those first that tell most: weight times rarity of the term that the word is. */
function strongestFirst(rules: LexicalRules, text: string, { n, documentFrequency }: Statistics): string {
  const { terms } = rules.taskTerms(text);
  const strengthOf = (term: string) =>
    (terms.get(term) ?? 0) * rules.idf(n, Math.max(1, documentFrequency(hashOf(term))));
  const words = new Set(splitCamelCase(text).match(/[\p{L}\p{M}\p{N}]+/gu));
  return [...words]
    .map((word) => ({
      word,
      strength: rules.terms(word).reduce((most, term) => Math.max(most, strengthOf(term)), 0),
    }))
    .sort((a, b) => b.strength - a.strength)
    .map(({ word }) => word)
    .join(" ");
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

function statisticsFor(sample: ReadonlyMap<string, Segment>, search: Search): Statistics {
  const own = statisticsOf(searchedIn(sample, search));
  if (own.n >= LEAST_SAMPLE) return own;
  return statisticsOf(searchedIn(sample, { ...search, handbooks: [...sample.keys()] }));
}

/** A term that the sample has never met is as rare as one that it met once. */
function withCandidates(sample: Statistics, candidates: readonly Searched[]): Statistics {
  const here = statisticsOf(candidates);
  if (sample.n === 0) return here;
  return {
    ...sample,
    documentFrequency: (hash) => sample.documentFrequency(hash) || Math.min(1, here.documentFrequency(hash)),
  };
}
