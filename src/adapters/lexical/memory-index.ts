import { rm } from "node:fs/promises";
import type { BehaviorIndex, Ledger, LedgerReads, Source } from "../../ports.ts";
import { readCache, writeCache } from "./lexical-cache.ts";
import type { LexicalRules } from "./lexical-documents.ts";
import { searchedIn, searchSegments, statisticsOf } from "./lexical-search.ts";
import { Segment } from "./lexical-segment.ts";

const BATCH = 100; // behaviors read between two turns of the event loop: about 20 ms of work
const FIRST_BUILD_WAIT_MS = 1000;
const CACHE_EVERY = 0.1; // share of the behaviors that must have changed before the copy on disk is written again
const CACHE_CHANGES = 200; // and at least so many
const COPY = "lexical copy"; // as the ledger calls it
const KNOWN_COPIES = 8; // of processes that write it at once, any may be the last

export interface MemoryIndexOptions {
  /**
   * Where a copy is kept between two runs of the program, and the ledger that is told of it: one that does not know a
   * copy is another one, or was put back to a state before it.
   */
  cache?: { path: string; ledger: Pick<Ledger, "indexGenerations" | "write"> };
}

export interface MemoryIndex extends BehaviorIndex {
  /** Builds it, if it is not. */
  warm(): Promise<void>;
  /** Writes the copy on disk if much has changed. */
  close(): Promise<void>;
}

/**
 * A lexical index in the memory of this process, read from the ledger and followed by its sequence number.
 *
 * It builds in the background from the first call of `warm` or `search`; a search waits for the build at most a
 * second and then answers from what there is, marked `partial`.
 */
export function memoryIndex(
  ledger: Pick<LedgerReads, "changedBehaviors" | "headSeq">,
  rules: LexicalRules,
  { cache }: MemoryIndexOptions = {},
): MemoryIndex {
  let handbooks = new Map<string, Segment>();
  let seq = 0;
  let following: Promise<void> | undefined;
  let built = false;
  let opened = cache === undefined;
  let changesSinceCopy = 0;
  let writing: Promise<void> | undefined;
  const cacheKey = () => JSON.stringify(fingerprint(rules));
  const size = () => handbooks.values().reduce((sum, segment) => sum + segment.size, 0);

  async function openCopy({ path, ledger: keeper }: NonNullable<typeof cache>): Promise<void> {
    const copy = await readCache(path, cacheKey());
    const isKnown = (await keeper.indexGenerations(COPY)).some(({ table }) => table === copy?.name);
    if (copy === undefined || !isKnown) {
      await rm(path, { force: true }).catch(() => {}); // else every start would read it
      return;
    }
    handbooks = new Map(copy.segments.map(({ slug, blocks }) => [slug, new Segment(rules, blocks)]));
    seq = copy.seq;
  }

  async function readChanges(): Promise<void> {
    if (!opened && cache !== undefined) await openCopy(cache);
    opened = true;
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
      changesSinceCopy += changes.documents.length;
      if (changes.documents.length < BATCH) break;
      await new Promise((resolve) => setImmediate(resolve)); // requests are answered between batches
    }
    // After a repair by hand the counter may be ahead of every row; there is nothing to wait for then.
    seq = Math.max(seq, head);
    built = true;
    if (changesSinceCopy >= Math.max(CACHE_CHANGES, size() * CACHE_EVERY)) writeCopy();
  }

  /** In the background: nobody waits for it, and without it the next start is slower, no more. */
  function writeCopy(): void {
    if (cache === undefined || writing !== undefined) return;
    changesSinceCopy = 0;
    // Taken before the ledger is told: what it says later may be lost with it. Rows die in place, so they are copied.
    const segments = [...handbooks].map(([slug, { blocks }]) => ({
      slug,
      blocks: blocks.map((block) => ({ ...block, alive: block.alive.slice() })),
    }));
    const snapshot = { seq, segments };
    const { path, ledger: keeper } = cache;
    const write = async () => {
      const name = await keeper.write(async (tx) => {
        const former = (await tx.indexGenerations(COPY)).slice(0, 1 - KNOWN_COPIES);
        for (const { generation } of former) await tx.dropGeneration(generation);
        return (await tx.addGeneration(COPY, "")).table;
      });
      await writeCache(path, cacheKey(), { name, ...snapshot });
    };
    writing = write()
      .catch(() => {})
      .finally(() => {
        writing = undefined;
      });
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
    async search(search) {
      const complete = await upToDate();
      const searched = searchedIn(handbooks, search);
      const statistics = statisticsOf(searched);
      const sources: Source[] = complete ? ["lexical"] : ["lexical", "partial"];
      return { hits: searchSegments(rules, searched, statistics, search), sources };
    },
    progress: () => ({ seq, behaviors: size() }),
    async close() {
      await writing;
    },
  };
}

/** What the rules make of a text that has a bit of everything: another program may take texts apart differently. */
function fingerprint({ terms, pairs }: LexicalRules): string[] {
  const sequence = terms(
    "The camelCase_names of 3 Élèves: running `\\frac{1}{2}` at 50% in 東京, x^2 + y_1 or v1.2",
  );
  return [...sequence, ...pairs(sequence)];
}

function sleep(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms).unref());
}
