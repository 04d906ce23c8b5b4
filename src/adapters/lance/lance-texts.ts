import type { Table } from "apache-arrow";
import { type BehaviorKey, behaviorId } from "../../model/behavior.ts";
import { HandbookSlug } from "../../model/handbook.ts";
import type { RebuildableIndex } from "../../ports/index-state.ts";
import type { Search, VectorProgress } from "../../ports.ts";
import { LanceFollower } from "./lance-follower.ts";
import { FULL_TEXT, keyOf, splitCamelCase } from "./lance-rows.ts";
import type { LanceTable } from "./lance-table.ts";
import { type LanceOptions, newHolder, POLL_MS, scope, TTL_MS } from "./lance-vectors.ts";

const INDEX = "texts"; // with "-2" behind it when its rows come to mean something else
const QUERY_WORDS = 64; // the time of a search grows with them
const LONGEST_WORD = 40; // LanceDB indexes no longer ones

/** Finds, by full text, behaviors that a finer ranking should look at. For handbooks that are too large for memory. */
export interface TextCandidates extends RebuildableIndex {
  /**
   * Servable behaviors that share words with the text, best first by LanceDB's own score, and then the rest of the
   * topic where there is one. Of a long text only the first 64 different words count.
   * Undefined when there is no answer in time or no index yet. Never throws.
   */
  candidates(search: Search): Promise<BehaviorKey[] | undefined>;
  /** Whether there is a table that answers; looks at the ledger. False when it cannot be opened. */
  isBuilt(): Promise<boolean>;
  progress(): Omit<VectorProgress, "model">;
  /** Hands over the lease. */
  close(): Promise<void>;
}

/** Full text in LanceDB: a row for each behavior with its text and its solved tasks. */
export function lanceTexts(options: LanceOptions): TextCandidates {
  const { waitMs, pollMs = POLL_MS, ttlMs = TTL_MS } = options;
  const recipe = { index: INDEX, recipe: FULL_TEXT, holder: newHolder(), batch: 0 };
  const follower = new LanceFollower({ ...options, ...recipe, pollMs, ttlMs });

  async function answer(
    table: LanceTable,
    { text, handbooks, topic, limit }: Search,
  ): Promise<BehaviorKey[]> {
    const slugs = handbooks.filter((slug) => HandbookSlug.safeParse(slug).success);
    if (slugs.length === 0) return [];
    // What a query of stop words only finds is nothing, too.
    const found = await table.rows
      .query()
      .fullTextSearch(queryWords(text).join(" "), { columns: ["text"] })
      .where(scope(slugs, topic))
      .select(["id", "_score"])
      .limit(limit)
      .toArrow();
    const sharing = keysOf(found);
    if (topic === undefined || sharing.length >= limit) return sharing;
    const all = keysOf(
      await table.rows.query().where(scope(slugs, topic)).select(["id"]).limit(limit).toArrow(),
    );
    const known = new Set(sharing.map(behaviorId));
    const others = all.filter((other) => !known.has(behaviorId(other)));
    return [...sharing, ...others].slice(0, limit);
  }

  return {
    name: "full text",
    candidates: (search) => follower.search(waitMs, Promise.resolve(search), answer),
    isBuilt: () => follower.isBuilt(),
    progress: () => follower.progress(),
    rebuild: (show) => follower.rebuild(show),
    close: () => follower.close(),
  };
}

function keysOf(found: Table): BehaviorKey[] {
  const ids = found.getChild("id");
  return Array.from({ length: found.numRows }, (_, row) => {
    const { handbook, name } = keyOf(ids?.get(row));
    return { handbook, name };
  });
}

/** The first words of a text, each once. Nothing of a query language is left. */
export function queryWords(text: string): string[] {
  const words =
    splitCamelCase(text)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  const unique = [...new Set(words)].filter((word) => word.length > 1 && word.length <= LONGEST_WORD);
  return unique.slice(0, QUERY_WORDS);
}
