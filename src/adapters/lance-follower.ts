import { setTimeout as sleep } from "node:timers/promises";
import { describeError, HandbookError } from "../errors.ts";
import type { IndexGeneration } from "../ports/index-state.ts";
import { requireConditionalPut } from "./conditional-put.ts";
import { IndexLease, LeaseLost } from "./index-lease.ts";
import { hasWork, leaseName, modelOf, type Standing, standingOf } from "./index-standing.ts";
import { type Followed, GenerationWriter, openGeneration } from "./lance-generations.ts";
import { type LanceLibrary, loadLance } from "./lance-library.ts";
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

const IDLE_MS = 3000; // without work, after which the turn is given back
const ASK_AGAIN_MS = 1000; // for a turn that another process has
const FIRST_REST_MS = 1000; // after a fault; then twice as long each time
const LONGEST_REST_MS = 60_000;
const REFRESH_LOOKS = 20;
const FLUSH_MS = 1500;
const CLOSE_AFTER_MS = 5000;
const STUCK_MS = 600_000; // the full text of very many behaviors takes minutes to index

/**
 * Keeps the tables of one index in step with the ledger: one process at a time writes, under a lease, and all read the
 * newest table that was published. It works in the background from soon after it is made until `close`.
 */
export class LanceFollower {
  /** The table that answers, as the ledger had it at the last look. */
  published: IndexGeneration | undefined;
  readonly #following: Following;
  readonly #lease: IndexLease;
  #library: Promise<LanceLibrary> | undefined;
  #test: Promise<void> | undefined;
  #writer: GenerationWriter | undefined;
  #answering: { generation: number; table: LanceTable } | undefined;
  #looking: Promise<Standing> | undefined;
  #looks = 0;
  #fault: unknown;
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
    this.#schedule(following.pollMs);
  }

  /** The table that answers; undefined while there is none. Throws when it cannot be opened. */
  async table(): Promise<LanceTable | undefined> {
    if (this.#answering === undefined) await this.#look();
    return this.#answering?.table;
  }

  /** Forgets a table that could not be read; the next look opens it again, or finds that it is gone. */
  forget(table: LanceTable): void {
    if (this.#answering?.table === table) this.#answering = undefined;
  }

  /** What is wrong with following, for a person. */
  fault(): string | undefined {
    return this.#fault === undefined ? undefined : told(this.#fault);
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
        const table = await this.table();
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
    this.#answering?.table.close();
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
    const standing = await this.#look();
    const now = performance.now();
    const isLost = standing.published !== undefined && this.#answering === undefined;
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
    // How things stand may have changed before it was our turn.
    const isMore = await this.#writer.step(await this.#look(), this.#answering?.table);
    this.#lastWork = performance.now();
    return isMore;
  }

  /** How things stand in the ledger, with the table that answers opened. One look at a time. */
  #look(): Promise<Standing> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<Standing> {
    const standing = await standingOf(this.#following);
    const { published } = standing;
    this.published = published;
    if (published?.generation !== this.#answering?.generation) {
      const table = published && (await openGeneration(await this.#loaded(), this.#following, published));
      const former = this.#answering?.table;
      this.#answering = published && table && { generation: published.generation, table };
      if (former !== undefined) setTimeout(() => former.close(), CLOSE_AFTER_MS).unref(); // queries end first
    }
    if (++this.#looks % REFRESH_LOOKS === 0) await this.#answering?.table.refresh();
    return standing;
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
export async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController();
  try {
    return await Promise.race([work, sleep(ms, undefined, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}

/** A fault as a sentence. */
export function told(error: unknown): string {
  if (error instanceof HandbookError) return describeError(error);
  return `INDEX_UNAVAILABLE: the index cannot be used. ${String(error).split("\n")[0]?.slice(0, 300)}`;
}
