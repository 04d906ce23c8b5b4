import type { Lease } from "../../ports/index-state.ts";
import type { Ledger } from "../../ports.ts";

const RENEWALS = 3; // per time to live
const MARGIN = 0.2; // of the time to live: what a commit may take that begins now

/** This process's turn at writing an index: kept while it works, given back when it is done. */
export class IndexLease {
  readonly #ledger: Pick<Ledger, "write">;
  readonly #name: string;
  readonly #holder: string;
  readonly #ttlMs: number;
  #lease: Lease | undefined;
  #until = 0;
  #renewal: NodeJS.Timeout | undefined;

  constructor(ledger: Pick<Ledger, "write">, name: string, holder: string, ttlMs: number) {
    this.#ledger = ledger;
    this.#name = name;
    this.#holder = holder;
    this.#ttlMs = ttlMs;
  }

  /** The lease, while nobody else can have it: by this process's own clock, so that a suspended one knows it is late. */
  get held(): Lease | undefined {
    return this.#lease !== undefined && performance.now() < this.#until ? this.#lease : undefined;
  }

  /** The lease. Throws when somebody else may have it. */
  required(): Lease {
    const { held } = this;
    if (held === undefined) throw new LeaseLost();
    return held;
  }

  async take(): Promise<boolean> {
    if (this.held === undefined) await this.#renew();
    if (this.held === undefined) return false;
    this.#renewal ??= setInterval(() => this.#renew().catch(() => {}), this.#ttlMs / RENEWALS).unref();
    return true;
  }

  async release(): Promise<void> {
    const lease = this.#lease;
    this.#forget();
    if (lease !== undefined) await this.#ledger.write((tx) => tx.releaseLease(lease, new Date()));
  }

  async #renew(): Promise<void> {
    const began = performance.now();
    const wasHeld = this.#lease;
    const taken = await this.#ledger.write((tx) =>
      tx.takeLease(this.#name, this.#holder, new Date(), this.#ttlMs),
    );
    if (wasHeld !== undefined && this.#lease === undefined) {
      // Given back while it was being renewed.
      if (taken !== undefined) await this.#ledger.write((tx) => tx.releaseLease(taken, new Date()));
    } else if (taken === undefined) this.#forget();
    else {
      this.#lease = taken;
      this.#until = began + this.#ttlMs * (1 - MARGIN);
    }
  }

  #forget(): void {
    clearInterval(this.#renewal);
    this.#renewal = undefined;
    this.#lease = undefined;
  }
}

/** Somebody else has taken over, or may have: stop writing. No fault. */
export class LeaseLost extends Error {}
