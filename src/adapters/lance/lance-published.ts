import { HandbookError } from "../../errors.ts";
import type { IndexGeneration } from "../../ports/index-state.ts";
import { LeaseLost } from "./index-lease.ts";
import { type Followed, openGeneration } from "./lance-generations.ts";
import { type LanceLibrary, missingFile } from "./lance-library.ts";
import type { LanceTable } from "./lance-table.ts";

const CLOSE_AFTER_MS = 5000; // queries end first
const MISSES = 3; // of one file, each by a table opened anew: then it is lost, and no reader merely came late

/** Keeps the table open that was published last. */
export class PublishedTable {
  /** As the ledger had it when its table was opened or found to be of no use. */
  generation: IndexGeneration | undefined;
  readonly #followed: Followed;
  readonly #library: () => Promise<LanceLibrary>;
  #opened: { generation: number; table: LanceTable } | undefined;
  #misses = new Map<string, number>();
  /** The generation whose table has lost a file. */
  #damaged: number | undefined;

  constructor(followed: Followed, library: () => Promise<LanceLibrary>) {
    this.#followed = followed;
    this.#library = library;
  }

  get opened(): LanceTable | undefined {
    return this.#opened?.table;
  }

  /** The table of this generation; undefined when it is gone, damaged, or ahead of the ledger. */
  async open(published: IndexGeneration | undefined): Promise<LanceTable | undefined> {
    let opened = this.#opened;
    if (published?.generation !== opened?.generation) {
      const table = published && (await this.#open(published));
      opened = published && table && { generation: published.generation, table };
      const former = this.#opened?.table;
      if (former !== undefined) setTimeout(() => former.close(), CLOSE_AFTER_MS).unref();
      this.#opened = opened;
    }
    this.generation = published; // not before its table answers
    return opened?.table;
  }

  /** Forgets a table that could not be used; it is opened again, or found to be gone. */
  forget(table: LanceTable, error: unknown): void {
    const isTables = !(error instanceof HandbookError || error instanceof LeaseLost);
    if (!isTables || this.#opened?.table !== table) return;
    this.#missed(this.#opened.generation, error);
    this.#opened = undefined;
  }

  close(): void {
    this.#opened?.table.close();
  }

  async #open(published: IndexGeneration): Promise<LanceTable | undefined> {
    if (published.generation === this.#damaged) return undefined;
    try {
      return await openGeneration(await this.#library(), this.#followed, published);
    } catch (error) {
      this.#missed(published.generation, error);
      throw error;
    }
  }

  /** A table with a lost file opens like any other, so what was not there is counted. */
  #missed(generation: number, error: unknown): void {
    const file = missingFile(error);
    if (file === undefined) return;
    const misses = (this.#misses.get(file) ?? 0) + 1;
    this.#misses.set(file, misses);
    if (misses >= MISSES) this.#damaged = generation;
  }
}
