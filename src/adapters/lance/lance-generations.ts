import type { IndexGeneration } from "../../ports/index-state.ts";
import { badOutput, dimensionOf } from "./checked-vectors.ts";
import { type IndexLease, LeaseLost } from "./index-lease.ts";
import { leaseName, modelOf, type Standing, type Standings } from "./index-standing.ts";
import { isMissing, type LanceLibrary, type LancePlace } from "./lance-library.ts";
import type { Recipe, Shape } from "./lance-rows.ts";
import { dropTable, LanceTable } from "./lance-table.ts";
import { appendChanges, applyChanges, type Changes, readChanges } from "./lance-writer.ts";

/** What is followed and where the tables are. */
export interface Followed extends Standings, LancePlace {
  recipe: Recipe;
  /** Texts per call of the embedder. */
  batch: number;
}

const KEEP_UNUSED_MS = 7 * 24 * 3_600_000; // vectors of a model that no process has followed with
const LOOK_FOR_UNUSED_MS = 3_600_000;
const BEHAVIORS_PER_COMMIT = { embedded: 256, plain: 10_000 };

/**
 * Opens the table of a generation; undefined when it is gone, and when it is ahead of the ledger: then an older copy of
 * the ledger was put back, and the table has rows that nothing of it will ever overwrite.
 */
export async function openGeneration(
  library: LanceLibrary,
  followed: Followed,
  generation: IndexGeneration,
): Promise<LanceTable | undefined> {
  const { ledger, recipe } = followed;
  const shape = shapeOf(recipe, generation.model, generation.dimension);
  const table = await LanceTable.open(library, followed, generation.table, shape).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (table === undefined) return undefined;
  const newest = await table.newestAfter(await ledger.headSeq());
  if (newest === undefined || newest <= (await ledger.headSeq())) return table; // another process writes meanwhile
  table.close();
  return undefined;
}

function shapeOf({ keepsText }: Recipe, model: string, dimension: number | undefined): Shape {
  return { keepsText, ...(dimension !== undefined && { vectors: { model, dimension } }) };
}

/** What the holder of the lease does. Throws LeaseLost, and what the embedder, LanceDB and the ledger throw. */
export class GenerationWriter {
  readonly #followed: Followed;
  readonly #lease: IndexLease;
  readonly #library: LanceLibrary;
  /** The table under construction, and the ledger's head when this process made it: up to there all is new. */
  #building: { generation: number; table: LanceTable; newUpTo: number } | undefined;
  /** Of the embedder's vectors, asked once. */
  #dimension: number | undefined;
  #hasReplaced = false;
  #lookedForUnused = Date.now();

  constructor(followed: Followed, lease: IndexLease, library: LanceLibrary) {
    this.#followed = followed;
    this.#lease = lease;
    this.#library = library;
  }

  /** Works for one commit or so; true when there is more to do. `table` is the published one, if it is of use. */
  async step(standing: Standing, table: LanceTable | undefined): Promise<boolean> {
    const { published, superseded, head } = standing;
    let { next } = standing;
    try {
      if (this.#followed.embedder !== undefined)
        this.#dimension ??= await dimensionOf(this.#followed.embedder);
      const isOfUse =
        published !== undefined && table !== undefined && published.dimension === this.#dimension;
      let isBehind = false;
      if (!isOfUse) next ??= await this.#replace(published);
      else if (published.watermark < head) {
        isBehind = await this.#move(published, table, head, 0);
        await table.maintain();
      }
      if (next !== undefined) isBehind = (await this.#build(next, head)) || isBehind;
      for (const generation of superseded) await this.#drop(generation);
      if (Date.now() - this.#lookedForUnused > LOOK_FOR_UNUSED_MS) await this.#dropUnused();
      return isBehind;
    } catch (error) {
      // What was appended may not be where the ledger says: whoever goes on begins anew.
      this.#building?.table.close();
      this.#building = undefined;
      throw error;
    }
  }

  close(): void {
    this.#building?.table.close();
  }

  /** Brings a table on by one commit; true when it is still behind. Up to `newUpTo` it has none of the rows. */
  async #move(
    generation: IndexGeneration,
    table: LanceTable,
    head: number,
    newUpTo: number,
  ): Promise<boolean> {
    const { ledger, recipe, embedder, batch } = this.#followed;
    const most = embedder ? BEHAVIORS_PER_COMMIT.embedded : BEHAVIORS_PER_COMMIT.plain;
    const changes = await readChanges(ledger, generation.watermark, head, most);
    const mayWrite = () => void this.#lease.required();
    mayWrite();
    try {
      if (embedder === undefined && changes.to <= newUpTo) await appendChanges(table, changes, recipe);
      else {
        const vectorizer = embedder && { embedder, dimension: generation.dimension ?? 0, batch };
        await applyChanges(table, changes, recipe, vectorizer, mayWrite);
      }
      await this.#advance(generation, changes);
    } catch (error) {
      // What we wrote may lie over what another holder wrote meanwhile, so those changes are gone through again.
      await ledger.write((tx) => tx.setBackIndex(generation.generation, changes.from));
      throw error;
    }
    return changes.to < head;
  }

  async #advance({ generation }: IndexGeneration, { from, to }: Changes): Promise<void> {
    const lease = this.#lease.required();
    if (!(await this.#followed.ledger.write((tx) => tx.advanceIndex(generation, from, to, lease))))
      throw new LeaseLost();
  }

  async #build(next: IndexGeneration, head: number): Promise<boolean> {
    const { generation } = next;
    if (this.#building?.generation !== generation) {
      this.#building?.table.close();
      this.#building = next.epoch === undefined ? await this.#begin(next, head) : await this.#resumed(next);
      if (next.epoch === undefined) return true; // the ledger says by now what it is made of
      if (this.#building === undefined) {
        await this.#add();
        return true;
      }
    }
    const { table, newUpTo } = this.#building;
    if (await this.#move(next, table, head, newUpTo)) {
      if (this.#followed.embedder !== undefined) await table.maintain(); // else nothing is looked up while it grows
      return true;
    }
    await table.buildIndexes();
    const lease = this.#lease.required();
    const { ledger } = this.#followed;
    if (!(await ledger.write((tx) => tx.publishGeneration(generation, new Date(), lease))))
      throw new LeaseLost();
    table.close();
    this.#building = undefined;
    return false;
  }

  async #begin(next: IndexGeneration, head: number) {
    const { ledger, recipe } = this.#followed;
    const lease = this.#lease.required();
    const dimension = this.#dimension;
    const isOurs = await ledger.write((tx) => tx.claimGeneration(next.generation, dimension, lease));
    if (!isOurs) throw new LeaseLost();
    const shape = shapeOf(recipe, next.model, dimension);
    const table = await LanceTable.create(this.#library, this.#followed, next.table, shape);
    return { generation: next.generation, table, newUpTo: head };
  }

  /** A table that another process began, if it can be gone on with: vectors are worth it, appended rows are not. */
  async #resumed(next: IndexGeneration) {
    if (this.#followed.embedder === undefined || next.dimension !== this.#dimension) return undefined;
    const table = await openGeneration(this.#library, this.#followed, next);
    return table && { generation: next.generation, table, newUpTo: 0 };
  }

  /**
   * Begins a generation in place of one that is of no use. Only once because of its vectors' length: two embedders
   * that give the same name to vectors of different lengths would undo each other's work forever.
   */
  async #replace(published: IndexGeneration | undefined): Promise<IndexGeneration> {
    const isOther = published !== undefined && published.dimension !== this.#dimension;
    if (isOther && this.#hasReplaced)
      throw badOutput(`${this.#dimension} numbers in a vector, as another one does not`);
    const added = await this.#add();
    this.#hasReplaced ||= isOther;
    return added;
  }

  #add(): Promise<IndexGeneration> {
    const { ledger, index } = this.#followed;
    return ledger.write((tx) => tx.addGeneration(index, modelOf(this.#followed)));
  }

  async #drop(generation: IndexGeneration): Promise<void> {
    this.#lease.required();
    await dropTable(this.#library, this.#followed, generation.table);
    await this.#followed.ledger.write((tx) => tx.dropGeneration(generation.generation));
  }

  /** Drops the tables of models that nobody has followed with for long. */
  async #dropUnused(): Promise<void> {
    this.#lookedForUnused = Date.now();
    const { ledger, index } = this.#followed;
    const others = (await ledger.indexGenerations(index)).filter(
      ({ model }) => model !== modelOf(this.#followed),
    );
    const names = [...new Set(others.map(({ model }) => leaseName(index, model)))];
    const since = new Date(Date.now() - KEEP_UNUSED_MS).toISOString();
    const unheld = await ledger.unheldLeases(names, since);
    for (const generation of others)
      if (unheld.includes(leaseName(index, generation.model))) await this.#drop(generation);
  }
}
