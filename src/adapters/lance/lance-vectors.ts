import { randomUUID } from "node:crypto";
import type { Table } from "apache-arrow";
import { type BehaviorKey, BehaviorName, behaviorId } from "../../model/behavior.ts";
import { HandbookSlug } from "../../model/handbook.ts";
import type { RebuildableIndex } from "../../ports/index-state.ts";
import type { Embedder } from "../../ports/models.ts";
import {
  type Ledger,
  MAX_SOLVED_TASKS,
  type Neighbor,
  type NeighborSearch,
  type VectorIndex,
} from "../../ports.ts";
import { badOutput, queryVectors } from "./checked-vectors.ts";
import { LanceFollower } from "./lance-follower.ts";
import { type LancePlace, sqlIn, sqlKeys, sqlStr } from "./lance-library.ts";
import { cut, keyOf, PASSAGES } from "./lance-rows.ts";
import type { LanceTable } from "./lance-table.ts";

export interface LanceOptions extends LancePlace {
  ledger: Ledger;
  /** The data directory, where LanceDB may be installed. */
  home: string;
  /** How long a search may take, in ms; then it answers undefined. */
  waitMs: number;
  /** How often the ledger is looked at, in ms. */
  pollMs?: number;
  /** How long a turn at writing lasts without being renewed, in ms. */
  ttlMs?: number;
}

export const POLL_MS = 250;
export const TTL_MS = 10_000;

/** A name for this process as the holder of a lease; who looks into the ledger sees which one it is. */
export function newHolder(): string {
  return `${process.pid} ${randomUUID()}`;
}

const INDEX = "vectors"; // with "-2" behind it when its rows come to mean something else
const BATCH = 16; // few enough that a query does not wait long behind them for a local model
const PARTS = 1 + MAX_SOLVED_TASKS;
const ROWS_PER_BEHAVIOR = 3; // looked at, since several rows may be of one behavior

/**
 * An index by meaning in LanceDB: a row for each behavior's text and one for each task that was solved with it, kept in
 * step with the ledger by one of its processes.
 *
 * Tables belong to one model each. After a change of the model there is no answer until the new table is built, save
 * in processes that still run with the old one. `close` closes the embedder.
 */
export function lanceVectors(
  options: LanceOptions & { embedder: Embedder; batch?: number },
): VectorIndex & RebuildableIndex {
  const { embedder, waitMs, pollMs = POLL_MS, ttlMs = TTL_MS, batch = BATCH } = options;
  const follower = new LanceFollower({
    ...options,
    index: INDEX,
    recipe: PASSAGES,
    holder: newHolder(),
    batch,
    pollMs,
    ttlMs,
  });
  const vectorOf = queryVectors(embedder);

  return {
    name: "vectors",
    search(search) {
      const embedded = vectorOf(cut(search.text), search.traceparent) ?? Promise.resolve(undefined);
      return follower.search(waitMs, embedded, (table, vector) => neighbors(table, vector, search));
    },
    progress: () => follower.progress(),
    rebuild: (show) => follower.rebuild(show),
    async close() {
      await follower.close();
      await embedder.close();
    },
  };
}

/** The behaviors nearest to a vector, and those that are asked about. */
async function neighbors(
  table: LanceTable,
  vector: Float32Array,
  { handbooks, topic, limit, also, byOwnText = [] }: NeighborSearch,
): Promise<Neighbor[]> {
  const dimension = table.shape.vectors?.dimension;
  if (vector.length !== dimension) throw badOutput(`${vector.length} numbers in a vector, not ${dimension}`);
  const sound = (slugs: readonly string[]) => slugs.filter((slug) => HandbookSlug.safeParse(slug).success);
  const slugs = sound(handbooks);
  const own = sound(byOwnText);
  const ofText = own.length === 0 ? "" : ` AND (NOT (${sqlIn("handbook", own)}) OR id LIKE '%#0')`;
  const where = `${scope(slugs, topic)}${ofText}`;
  const near = slugs.length === 0 ? [] : await nearest(table, vector, where, limit);
  const known = new Set(near.map(behaviorId));
  const others = also.filter(
    ({ handbook, name }) => isKey({ handbook, name }) && !known.has(behaviorId({ handbook, name })),
  );
  return judged(table, vector, near, others, own);
}

function isKey({ handbook, name }: BehaviorKey): boolean {
  return HandbookSlug.safeParse(handbook).success && BehaviorName.safeParse(name).success;
}

/** The behaviors of the nearest rows, nearest first. */
async function nearest(
  table: LanceTable,
  vector: Float32Array,
  where: string,
  limit: number,
): Promise<BehaviorKey[]> {
  const found = await table.rows
    .query()
    .nearestTo(vector)
    .distanceType("cosine")
    .where(where)
    .select(["id", "_distance"])
    .limit(limit * ROWS_PER_BEHAVIOR)
    .toArrow();
  const keys = new Map<string, BehaviorKey>();
  for (const { handbook, name } of cosines(found))
    keys.set(behaviorId({ handbook, name }), { handbook, name });
  return [...keys.values()].slice(0, limit);
}

/** The filter of a search. */
export function scope(handbooks: readonly string[], topic: string | undefined): string {
  const inHandbooks = sqlIn("handbook", handbooks);
  return topic === undefined ? inHandbooks : `${inHandbooks} AND topic = ${sqlStr(topic.toLowerCase())}`;
}

/** All that the index knows of these behaviors: first the near ones, best first, then the others as they come. */
async function judged(
  table: LanceTable,
  vector: Float32Array,
  near: readonly BehaviorKey[],
  others: readonly BehaviorKey[],
  byOwnText: readonly string[],
): Promise<Neighbor[]> {
  const keys = [...near, ...others];
  if (keys.length === 0) return [];
  const handbooks = new Set(keys.map(({ handbook }) => handbook));
  const found = await table.rows
    .query()
    .nearestTo(vector)
    .distanceType("cosine")
    .bypassVectorIndex() // these rows exactly, however far
    .where(sqlKeys(keys))
    .select(["id", "_distance"])
    .limit(keys.length * handbooks.size * PARTS)
    .toArrow();
  const own = new Map<string, number>();
  const solved = new Map<string, number>();
  for (const { handbook, name, part, cosine } of cosines(found)) {
    const key = behaviorId({ handbook, name });
    if (part > 0 && byOwnText.includes(handbook)) continue;
    const best = part === 0 ? own : solved;
    best.set(key, Math.max(cosine, best.get(key) ?? -1));
  }
  const neighbors = keys.flatMap(({ handbook, name }): Neighbor[] => {
    const similarity = own.get(behaviorId({ handbook, name }));
    if (similarity === undefined) return [];
    const task = solved.get(behaviorId({ handbook, name }));
    return [{ handbook, name, similarity, ...(task !== undefined && { solved: task }) }];
  });
  const isNear = new Set(near.map(behaviorId));
  const best = ({ similarity, solved = -1 }: Neighbor) => Math.max(similarity, solved);
  const [ofNear, ofOthers] = [true, false].map((wanted) =>
    neighbors.filter((neighbor) => isNear.has(behaviorId(neighbor)) === wanted),
  );
  return [...(ofNear ?? []).sort((a, b) => best(b) - best(a)), ...(ofOthers ?? [])];
}

function cosines(found: Table): (BehaviorKey & { part: number; cosine: number })[] {
  const ids = found.getChild("id");
  const distances = found.getChild("_distance");
  return Array.from({ length: found.numRows }, (_, row) => ({
    ...keyOf(ids?.get(row)),
    cosine: Math.max(-1, Math.min(1, 1 - distances?.get(row))),
  })).filter(({ cosine }) => !Number.isNaN(cosine));
}
