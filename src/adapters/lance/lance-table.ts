import type * as Lance from "@lancedb/lancedb";
import type * as Arrow from "apache-arrow";
import type { BehaviorKey } from "../../model/behavior.ts";
import {
  despiteConflicts,
  isMissing,
  type LanceLibrary,
  type LancePlace,
  sqlIn,
  sqlKeys,
} from "./lance-library.ts";
import { arrowTable, type Row, type Shape, schemaOf } from "./lance-rows.ts";

/** A row as far as a writer must know it to tell what changed. */
export interface StoredRow {
  id: string;
  hash: string;
  seq: number;
  /** Null where its text has none; absent in a table without vectors. */
  vector?: Float32Array | null;
}

const REOPEN_VERSIONS = 50; // memory grows with every commit that a handle has seen, until it is opened again
const OPTIMIZE_COMMITS = 50;
const OPTIMIZE_FRAGMENTS = 20;
const OPTIMIZE_SHARE = 0.05; // of the time at most, for it may rewrite the whole table
const CLEANUP_EVERY_MS = 3_600_000;
const CLEANUP_COMMITS = 500;
const CLEANUP_OLDER_THAN_MS = 600_000; // what another process may still be reading
const VECTOR_INDEX_ROWS = 50_000; // below, looking at every vector is as fast
const CLOSE_AFTER_MS = 5000;

/**
 * One table of LanceDB, opened so that it sees every commit of other processes. Only the holder of the lease calls
 * `write`, `remove` and `maintain`.
 */
export class LanceTable {
  readonly name: string;
  readonly shape: Shape;
  readonly #library: LanceLibrary;
  readonly #place: LancePlace;
  #connection: Lance.Connection;
  #table: Lance.Table;
  #openedAtVersion = 0;
  #commits = { sinceOptimize: 0, sinceCleanup: 0 };
  #fragmentsLeft = 0;
  #noOptimizeBefore = 0;
  #cleanedAt = Date.now();

  private constructor(library: LanceLibrary, place: LancePlace, name: string, shape: Shape, opened: Opened) {
    this.#library = library;
    this.#place = place;
    this.name = name;
    this.shape = shape;
    this.#connection = opened.connection;
    this.#table = opened.table;
    this.#openedAtVersion = opened.version;
  }

  /** Throws when there is no such table: see `isMissing`. */
  static async open(
    library: LanceLibrary,
    place: LancePlace,
    name: string,
    shape: Shape,
  ): Promise<LanceTable> {
    return new LanceTable(library, place, name, shape, await open(library, place, name));
  }

  /** Makes an empty table with its indexes. */
  static async create(
    library: LanceLibrary,
    place: LancePlace,
    name: string,
    shape: Shape,
  ): Promise<LanceTable> {
    const connection = await connect(library, place);
    const table = await connection.createEmptyTable(name, schemaOf(library.arrow, shape));
    await unlessRemote(place, () => table.setUnenforcedPrimaryKey("id"));
    const version = await table.version();
    const made = new LanceTable(library, place, name, shape, { connection, table, version });
    const { Index } = library.lancedb;
    await made.#index("name", Index.btree());
    await made.#index("handbook", Index.bitmap());
    return made;
  }

  /** For reads. The handle may be replaced, so it is asked for anew each time. */
  get rows(): Lance.Table {
    return this.#table;
  }

  /** Adds rows that the table does not have, in one commit. */
  async append(rows: readonly Row[], vectors: readonly (Float32Array | null)[]): Promise<void> {
    const data = await arrowTable(this.#library.arrow, this.shape, rows, vectors);
    await this.#table.add(data);
    this.#committed();
  }

  /** Adds rows or puts them in the place of older ones, in one commit. Each id once: duplicates would both be kept. */
  async upsert(rows: readonly Row[], vectors: readonly (Float32Array | null)[]): Promise<void> {
    if (rows.length === 0) return;
    const data = await arrowTable(this.#library.arrow, this.shape, rows, vectors);
    await despiteConflicts(() =>
      this.#table
        .mergeInsert("id")
        .useIndex(false) // the way by the index skips the check for the same key of two writers
        .whenMatchedUpdateAll({ where: "target.seq < source.seq" })
        .whenNotMatchedInsertAll()
        .execute(data),
    );
    this.#committed();
  }

  /** Takes out rows that are not newer than `seq`. */
  async remove(ids: readonly string[], seq: number): Promise<void> {
    if (ids.length === 0) return;
    await despiteConflicts(() => this.#table.delete(`${sqlIn("id", ids)} AND seq <= ${seq}`));
    this.#committed();
  }

  /** The rows of these behaviors, by id; perhaps some of a behavior of the same name in another of their handbooks. */
  async stored(keys: readonly BehaviorKey[]): Promise<Map<string, StoredRow>> {
    const found = new Map<string, StoredRow>();
    const columns = ["id", "hash", "seq", ...(this.shape.vectors ? ["vector"] : [])];
    if (keys.length === 0) return found;
    const query = this.#table.query().where(sqlKeys(keys)).select(columns);
    for (const batch of (await query.toArrow()).batches) {
      for (let row = 0; row < batch.numRows; row++) {
        const id: string = batch.getChild("id")?.get(row);
        const hash: string = batch.getChild("hash")?.get(row);
        const seq = Number(batch.getChild("seq")?.get(row));
        const vector = batch.getChild("vector")?.get(row);
        found.set(id, { id, hash, seq, ...(vector !== undefined && { vector: floats(vector) }) });
      }
    }
    return found;
  }

  /** The highest number of a row beyond `seq`; undefined where there is none. */
  async newestAfter(seq: number): Promise<number | undefined> {
    const found = await this.#table.query().where(`seq > ${seq}`).select(["seq"]).toArrow();
    if (found.numRows === 0) return undefined;
    let newest = seq;
    for (const { seq: one } of found) newest = Math.max(newest, Number(one));
    return newest;
  }

  /** Makes what speeds up queries, once the bulk of the rows is there. */
  async buildIndexes(): Promise<void> {
    await this.#optimize(); // first, or it would move the rows under the full text, and most of the work be done twice
    if (!this.shape.keepsText) return;
    const { Index } = this.#library.lancedb;
    const options = { stem: true, removeStopWords: true, asciiFolding: true, withPosition: false };
    await this.#index("text", Index.fts(options));
    await this.#index("topic", Index.bitmap());
  }

  /** Keeps the table fast, small and its handle light; does nothing unless it is time. */
  async maintain(): Promise<void> {
    const { sinceOptimize, sinceCleanup } = this.#commits;
    const now = Date.now();
    const isCleanup =
      sinceCleanup > 0 && (now - this.#cleanedAt > CLEANUP_EVERY_MS || sinceCleanup >= CLEANUP_COMMITS);
    if (isCleanup) await this.#optimize(new Date(now - CLEANUP_OLDER_THAN_MS));
    else if (sinceOptimize > 0 && now >= this.#noOptimizeBefore) {
      const fragments = await this.#fragments();
      if (sinceOptimize >= OPTIMIZE_COMMITS || fragments > this.#fragmentsLeft + OPTIMIZE_FRAGMENTS) {
        await this.#optimize();
      }
    }
    await this.refresh();
  }

  /** Opens the table again after many commits, whoever made them. */
  async refresh(): Promise<void> {
    const version = await this.#table.version();
    if (version - this.#openedAtVersion < REOPEN_VERSIONS) return;
    const former = { connection: this.#connection, table: this.#table };
    const { connection, table, version: current } = await open(this.#library, this.#place, this.name);
    this.#connection = connection;
    this.#table = table;
    this.#openedAtVersion = current;
    setTimeout(() => close(former), CLOSE_AFTER_MS).unref(); // queries under way end first
  }

  close(): void {
    close({ connection: this.#connection, table: this.#table });
  }

  async #optimize(cleanupOlderThan?: Date): Promise<void> {
    const began = performance.now();
    await this.#indexVectors();
    await unlessRemote(this.#place, () =>
      despiteConflicts(() => this.#table.optimize(cleanupOlderThan && { cleanupOlderThan })),
    );
    const tookMs = performance.now() - began;
    this.#noOptimizeBefore = Date.now() + tookMs / OPTIMIZE_SHARE;
    this.#fragmentsLeft = await this.#fragments();
    this.#commits.sinceOptimize = 0;
    if (cleanupOlderThan !== undefined) {
      this.#commits.sinceCleanup = 0;
      this.#cleanedAt = Date.now();
    }
  }

  async #indexVectors(): Promise<void> {
    if (this.shape.vectors === undefined) return;
    if ((await this.#table.countRows("vector IS NOT NULL")) < VECTOR_INDEX_ROWS) return;
    const indexes = await this.#table.listIndices();
    if (indexes.some(({ columns }) => columns.includes("vector"))) return;
    await this.#index("vector", this.#library.lancedb.Index.ivfFlat({ distanceType: "cosine" }));
  }

  async #index(column: string, config: Lance.Index): Promise<void> {
    await despiteConflicts(() => this.#table.createIndex(column, { config }));
  }

  async #fragments(): Promise<number> {
    return (await this.#table.stats()).fragmentStats.numFragments;
  }

  #committed(): void {
    this.#commits.sinceOptimize++;
    this.#commits.sinceCleanup++;
  }
}

/** Takes a table away with all its rows; nothing when there is none. */
export async function dropTable(library: LanceLibrary, place: LancePlace, name: string): Promise<void> {
  const connection = await connect(library, place);
  try {
    await connection.dropTable(name);
  } catch (error) {
    if (!isMissing(error)) throw error;
  } finally {
    connection.close();
  }
}

interface Opened {
  connection: Lance.Connection;
  table: Lance.Table;
  version: number;
}

async function connect({ lancedb }: LanceLibrary, { uri, storage }: LancePlace): Promise<Lance.Connection> {
  const { options, apiKey } = storage ?? {};
  return lancedb.connect(uri, {
    readConsistencyInterval: 0,
    ...(options && { storageOptions: { ...options } }),
    ...(apiKey && { apiKey }),
  });
}

async function open(library: LanceLibrary, place: LancePlace, name: string): Promise<Opened> {
  const connection = await connect(library, place);
  const table = await connection.openTable(name);
  return { connection, table, version: await table.version() };
}

function close({ connection, table }: Omit<Opened, "version">): void {
  table.close();
  connection.close();
}

/** LanceDB Cloud maintains its tables itself, and refuses to be told to. */
async function unlessRemote({ uri }: LancePlace, work: () => Promise<unknown>): Promise<void> {
  if (!uri.startsWith("db://")) await work();
}

function floats(vector: Arrow.Vector | null): Float32Array | null {
  return vector === null ? null : Float32Array.from(vector.toArray());
}
