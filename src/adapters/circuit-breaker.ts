const FIRST_REST_MS = 5000;
const LONGEST_REST_MS = 300_000;

/**
 * Keeps calls away from what just failed, so that they fail at once and not each after its own time-out: 5 s after
 * the first failure, then twice as long after each further one, up to 5 minutes. When the rest is over one call may
 * try; the others wait for its outcome as if the rest went on.
 */
export class CircuitBreaker {
  readonly #now: () => number;
  #failure: { error: unknown; restMs: number; until: number } | undefined;

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Throws the last failure while it rests. */
  check(): void {
    if (this.#failure === undefined) return;
    if (this.#now() < this.#failure.until) throw this.#failure.error;
    this.#failure.until = this.#now() + this.#failure.restMs;
  }

  succeeded(): void {
    this.#failure = undefined;
  }

  failed(error: unknown): void {
    const restMs =
      this.#failure === undefined ? FIRST_REST_MS : Math.min(2 * this.#failure.restMs, LONGEST_REST_MS);
    this.#failure = { error, restMs, until: this.#now() + restMs };
  }
}
