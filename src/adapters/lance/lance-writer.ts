import { setImmediate as turn } from "node:timers/promises";
import { type BehaviorKey, behaviorId } from "../../model/behavior.ts";
import type { Embedder } from "../../ports/models.ts";
import type { BehaviorChanges, IndexDocument, LedgerReads } from "../../ports.ts";
import { embedPassages } from "./checked-vectors.ts";
import { keyOf, type Recipe, type Row, rowsOf } from "./lance-rows.ts";
import type { LanceTable, StoredRow } from "./lance-table.ts";

const PAGE = 200; // behaviors read between two turns of the event loop

/** Behaviors that changed, the newest reading of each, and the number up to which there is nothing else. */
export interface Changes {
  from: number;
  to: number;
  documents: Map<string, { document: IndexDocument; seq: number }>;
}

/** Changes after `from`, of at most so many behaviors. `to` is `head` at least when there are no more. */
export async function readChanges(
  ledger: Pick<LedgerReads, "changedBehaviors">,
  from: number,
  head: number,
  most: number,
): Promise<Changes> {
  const documents: Changes["documents"] = new Map();
  let to = from;
  while (documents.size < most) {
    const page: BehaviorChanges = await ledger.changedBehaviors(to, Math.min(PAGE, most));
    // A behavior that changes while we read comes again: its newest reading counts, and each id is written once.
    for (const document of page.documents) documents.set(behaviorId(document), { document, seq: page.seq });
    if (page.documents.length === 0) return { from, to: Math.max(to, head), documents };
    to = page.seq;
    await turn();
  }
  return { from, to, documents };
}

/** How rows get their vectors; absent in an index without any. */
export interface Vectorizer {
  embedder: Embedder;
  dimension: number;
  /** Texts per call of the embedder. */
  batch: number;
}

/** Puts changes into a table that has none of their rows yet, in one commit. */
export async function appendChanges(table: LanceTable, changes: Changes, recipe: Recipe): Promise<void> {
  const rows = wantedRows(changes, recipe);
  if (rows.length > 0) await table.append(rows, []);
}

/**
 * Brings the rows of changed behaviors to what they must be: those that are new or differ are written, with the
 * vectors that their texts had before if they had one; those that are too many are taken out.
 *
 * `mayWrite` is asked right before every commit, and throws when it may not.
 */
export async function applyChanges(
  table: LanceTable,
  changes: Changes,
  recipe: Recipe,
  vectorizer: Vectorizer | undefined,
  mayWrite: () => void,
): Promise<void> {
  const rows = wantedRows(changes, recipe);
  const stored = await table.stored([...changes.documents.values()].map(({ document }) => document));
  const different = rows.filter((row) => stored.get(row.id)?.hash !== row.hash);
  const wanted = new Set(rows.map((row) => row.id));
  const isChanged = (key: BehaviorKey) => changes.documents.has(behaviorId(key));
  const gone = [...stored.keys()].filter((id) => !wanted.has(id) && isChanged(keyOf(id)));

  const vectors = vectorizer ? await vectorsOf(different, stored, vectorizer, mayWrite) : [];
  mayWrite();
  await table.upsert(different, vectors);
  if (gone.length > 0) {
    mayWrite();
    await table.remove(gone, changes.to);
  }
}

function wantedRows({ documents }: Changes, recipe: Recipe): Row[] {
  return [...documents.values()].flatMap(({ document, seq }) => rowsOf(document, seq, recipe));
}

/** A text that moved to another part, as older tasks do when a newer one comes, keeps its vector. */
async function vectorsOf(
  rows: readonly Row[],
  stored: ReadonlyMap<string, StoredRow>,
  { embedder, dimension, batch }: Vectorizer,
  mayWrite: () => void,
): Promise<(Float32Array | null)[]> {
  const known = new Map<string, Float32Array | null>();
  for (const { hash, vector } of stored.values()) if (vector) known.set(hash, vector);
  const texts = new Map(rows.filter(({ hash }) => !known.has(hash)).map(({ hash, text }) => [hash, text]));
  const missing = [...texts];
  for (let from = 0; from < missing.length; from += batch) {
    mayWrite();
    const some = missing.slice(from, from + batch);
    const vectors = await embedPassages(
      embedder,
      some.map(([, text]) => text),
      dimension,
    );
    for (const [at, [hash]] of some.entries()) known.set(hash, vectors[at] ?? null);
  }
  return rows.map(({ hash }) => known.get(hash) ?? null);
}
