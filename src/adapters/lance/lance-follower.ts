import { setTimeout as sleep } from "node:timers/promises";
import { describeError, HandbookError } from "../../errors.ts";
import type { VectorProgress } from "../../ports.ts";
import { requireConditionalPut } from "./conditional-put.ts";
import { IndexLease, LeaseLost } from "./index-lease.ts";
import { hasWork, leaseName, modelOf, type Standing, standingOf } from "./index-standing.ts";
import { type Followed, GenerationWriter } from "./lance-generations.ts";
import { type LanceLibrary, loadLance } from "./lance-library.ts";
import { PublishedTable } from "./lance-published.ts";
import type { LanceTable } from "./lance-table.ts";

/** What is followed, by whom and how often. */
export interface Following extends Followed {
  /** The data directory, where LanceDB may be installed. */
  home: string;
  /** This process. */
  holder: string;
  /** Between two looks at the ledger, and so how long changes gather for one commit. */
  pollMs: number;
  /** Of the lease. */
  ttlMs: number;
}

/** How things stand, and the table that answers: undefined where there is none, and when it is of no use any more. */
interface Look {
  standing: Standing;
  table: LanceTable | undefined;
}

const IDLE_MS = 3000; // without work, after which the turn is given back
const ASK_AGAIN_MS = 1000; // for a turn that another process has
const FIRST_REST_MS = 1000; // after a fault; then twice as long each time
const LONGEST_REST_MS = 60_000;
const REFRESH_LOOKS = 20;
const FLUSH_MS = 1500;
const STUCK_MS = 600_000; // the full text of very many behaviors takes minutes to index

/**
 * Keeps the tables of one index in step with the ledger: one process at a time writes, under a lease, and all read the
 * newest table that was published. It works in the background from soon after it is made until `close`.
 */
export class LanceFollower {
  readonly #following: Following;
  readonly #lease: IndexLease;
  readonly #answering: PublishedTable;
  #library: Promise<LanceLibrary> | undefined;
  #test: Promise<void> | undefined;
  #writer: GenerationWriter | undefined;
  #looking: Promise<Look> | undefined;
  #looks = 0;
  #fault: unknown;
  #searchFault: unknown;
  #restMs = 0;
  #askAfter = 0;
  #lastWork = 0;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #closing = false;

  constructor(following: Following) {
    this.#following = following;
    const name = leaseName(following.index, modelOf(following));
    this.#lease = new IndexLease(following.ledger, name, following.holder, following.ttlMs);
    this.#answering = new PublishedTable(following, () => this.#loaded());
    this.#schedule(following.pollMs);
  }

  /**
   * What `query` finds in the table that answers once `given` is there. Undefined while there is no table or nothing
   * given, after a fault, which `progress` tells, and when it all takes longer than `waitMs`.
   */
  async search<Given, Found>(
    waitMs: number,
    given: Promise<Given | undefined>,
    query: (table: LanceTable, given: Given) => Promise<Found>,
  ): Promise<Found | undefined> {
    given.catch(() => {}); // it is awaited below, or not at all
    const search = async () => {
      const table = await this.#table();
      if (table === undefined) return undefined;
      const known = await given;
      if (known === undefined) return undefined;
      try {
        return await query(table, known);
      } catch (error) {
        this.#answering.forget(table, error);
        throw error;
      }
    };
    const searched = search().then(
      (found) => {
        this.#searchFault = undefined;
        return found;
      },
      (error: unknown) => {
        this.#searchFault = error;
        return undefined;
      },
    );
    return within(waitMs, searched);
  }

  /** Whether there is a table that answers; looks at the ledger. False when it cannot be opened. */
  isBuilt(): Promise<boolean> {
    return this.#table().then(
      (table) => table !== undefined,
      () => false,
    );
  }

  /** How far the table that answers is, and what is wrong, for a person. */
  progress(): VectorProgress {
    const published = this.#answering.generation;
    const fault = this.#fault ?? this.#searchFault;
    return {
      ...(published?.model && { model: published.model }),
      seq: published?.watermark ?? 0,
      ...(fault !== undefined && { fault: told(fault) }),
    };
  }

  /** See `RebuildableIndex`. */
  async rebuild(show: (read: number, of: number) => void): Promise<{ rows: number; table: string }> {
    const { ledger, index, pollMs } = this.#following;
    const wanted = await ledger.write((tx) => tx.addGeneration(index, modelOf(this.#following)));
    let shown = { read: -1, at: performance.now() };
    this.#fault = undefined;
    this.#restMs = 0;
    this.#schedule(0);
    for (;;) {
      const { published, next, head } = await standingOf(this.#following);
      if (published !== undefined && published.generation >= wanted.generation) {
        await this.#look();
        const table = await this.#table();
        return { rows: (await table?.rows.countRows()) ?? 0, table: table?.name ?? "" };
      }
      const read = next?.watermark ?? 0;
      if (read !== shown.read) shown = { read, at: performance.now() };
      show(read, head);
      if (this.#fault instanceof HandbookError) throw this.#fault;
      if (this.#fault !== undefined)
        throw new HandbookError("INDEX_UNAVAILABLE", `the index ${index} cannot be built`, {
          fix: "Look whether its directory can be written and the disk has room",
          cause: this.#fault,
        });
      if (performance.now() - shown.at > STUCK_MS)
        throw new HandbookError("INDEX_UNAVAILABLE", `the index ${index} does not get on`, {
          fix: "Another process builds it: end that process and try again",
        });
      await sleep(pollMs);
    }
  }

  /** Writes what is left if it is this process's turn, and hands over. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    clearTimeout(this.#timer);
    const flush = async () => {
      await this.#working;
      if (this.#lease.held !== undefined) await this.#work();
    };
    await within(FLUSH_MS, flush()).catch(() => {});
    await this.#lease.release().catch(() => {}); // else it runs out by itself
    this.#answering.close();
    this.#writer?.close();
  }

  #schedule(ms: number): void {
    if (this.#closing) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#working ??= this.#tick().finally(() => {
        this.#working = undefined;
      });
    }, ms).unref();
  }

  async #tick(): Promise<void> {
    try {
      const isMore = await this.#work();
      this.#fault = undefined;
      this.#restMs = 0;
      this.#schedule(isMore ? 0 : this.#following.pollMs);
    } catch (error) {
      if (!(error instanceof LeaseLost)) this.#fault = error;
      this.#restMs = Math.min(LONGEST_REST_MS, Math.max(FIRST_REST_MS, 2 * this.#restMs));
      await this.#lease.release().catch(() => {}); // perhaps another process can
      this.#schedule(this.#restMs);
    }
  }

  /** One look at the ledger, and what there is to do. True when there is more. */
  async #work(): Promise<boolean> {
    const { standing, table } = await this.#look();
    const now = performance.now();
    const isLost = standing.published !== undefined && table === undefined;
    if (!isLost && !hasWork(standing)) {
      if (this.#lease.held !== undefined && now - this.#lastWork > IDLE_MS) await this.#lease.release();
      return false;
    }
    if (this.#lease.held === undefined && now < this.#askAfter) return false;
    const library = await this.#loaded();
    await this.#tested();
    if (!(await this.#lease.take())) {
      this.#askAfter = now + ASK_AGAIN_MS;
      return false;
    }
    this.#writer ??= new GenerationWriter(this.#following, this.#lease, library);
    const look = await this.#look(); // how things stand may have changed before it was our turn
    try {
      return await this.#writer.step(look.standing, look.table);
    } catch (error) {
      if (look.table !== undefined && look.standing.next === undefined)
        this.#answering.forget(look.table, error);
      throw error;
    } finally {
      this.#lastWork = performance.now();
    }
  }

  /** The table that answers; undefined while there is none. Throws when it cannot be opened. */
  async #table(): Promise<LanceTable | undefined> {
    return this.#answering.opened ?? (await this.#look()).table;
  }

  /** How things stand in the ledger, with the table that answers opened. One look at a time. */
  #look(): Promise<Look> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<Look> {
    const standing = await standingOf(this.#following);
    const table = await this.#answering.open(standing.published);
    if (++this.#looks % REFRESH_LOOKS === 0) await table?.refresh();
    return { standing, table };
  }

  #loaded(): Promise<LanceLibrary> {
    this.#library ??= loadLance(this.#following.home).catch((error: unknown) => {
      this.#library = undefined; // it may be installed meanwhile
      throw error;
    });
    return this.#library;
  }

  /** Before the first write, and again after a fault: it may be mended meanwhile. */
  #tested(): Promise<void> {
    this.#test ??= requireConditionalPut(this.#following).catch((error: unknown) => {
      this.#test = undefined;
      throw error;
    });
    return this.#test;
  }
}

/** What `work` comes to, or undefined when it takes longer. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([work, sleep(ms, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}

/** A fault as a sentence. */
function told(error: unknown): string {
  if (error instanceof HandbookError) return describeError(error);
  return `INDEX_UNAVAILABLE: the index cannot be used. ${String(error).split("\n")[0]?.slice(0, 300)}`;
}
