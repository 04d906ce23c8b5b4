import { Worker } from "node:worker_threads";
import type { ThreadAnswer, ThreadStart } from "./local-embedder-worker.ts";

interface Job {
  texts: string[];
  /** Whether nobody waits for it any more. */
  isDropped(): boolean;
  resolve(vectors: Float32Array[]): void;
  reject(error: unknown): void;
}

/** What a batch is rejected with when the model fails on it, and not the thread. */
export class BatchFailed extends Error {}

/** A thread with a model in it and the batches that wait for it. Once it has ended it stays so. */
export class EmbedderThread {
  /** Settles when the model is loaded, or rejects when it cannot be. */
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #limitMs: number;
  readonly #queries: Job[] = [];
  readonly #passages: Job[] = [];
  readonly #onEnd: (error: unknown) => void;
  #current: { job: Job; limit: NodeJS.Timeout } | undefined;
  #isReady = false;
  #ended: { error: unknown } | undefined;

  /** `limitMs`: how long loading, and a batch, may take before the thread counts as hung. */
  constructor(
    file: URL,
    start: ThreadStart,
    { limitMs, onEnd }: { limitMs: number; onEnd(error: unknown): void },
  ) {
    this.#limitMs = limitMs;
    this.#onEnd = onEnd;
    // stdout belongs to the protocol. Kept apart but not read: a stream that is read would keep the process alive.
    this.#worker = new Worker(file, { workerData: start, stdout: true });
    this.#worker.on("error", (error) => this.#end(error));
    this.#worker.on("exit", (code) => this.#end(new Error(`the thread ended with code ${code}`)));
    this.#worker.on("message", (answer: ThreadAnswer) => this.#take(answer));
    this.ready = new Promise((resolve, reject) => {
      const loaded = { texts: [], isDropped: () => false, resolve: () => resolve(), reject };
      this.#current = { job: loaded, limit: this.#limit() };
    });
  }

  /** Embeds a batch. Queries go before passages, each in the order of the calls. */
  run(texts: string[], as: "query" | "passage", isDropped: () => boolean): Promise<Float32Array[]> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended.error);
      (as === "query" ? this.#queries : this.#passages).push({ texts, isDropped, resolve, reject });
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#end(new Error("the embedder was closed"));
    await this.#worker.terminate();
  }

  #take(answer: ThreadAnswer): void {
    const current = this.#current;
    clearTimeout(current?.limit);
    this.#current = undefined;
    if (answer.kind === "ready") this.#isReady = true;
    if (answer.kind === "failed") current?.job.reject(new BatchFailed(answer.error));
    else current?.job.resolve(answer.kind === "vectors" ? answer.vectors : []);
    this.#next();
  }

  #next(): void {
    if (this.#current !== undefined || !this.#isReady || this.#ended !== undefined) return;
    let job = this.#queries.shift() ?? this.#passages.shift();
    while (job?.isDropped()) {
      job.reject(new Error("nobody waits for it any more"));
      job = this.#queries.shift() ?? this.#passages.shift();
    }
    if (job === undefined) {
      this.#worker.unref(); // a thread with nothing to do keeps no process alive
      return;
    }
    this.#worker.ref();
    this.#current = { job, limit: this.#limit() };
    this.#worker.postMessage(job.texts);
  }

  #limit(): NodeJS.Timeout {
    return setTimeout(() => this.#end(new Error("the thread hangs")), this.#limitMs);
  }

  #end(error: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = { error };
    clearTimeout(this.#current?.limit);
    this.#onEnd(error);
    for (const job of [this.#current?.job, ...this.#queries.splice(0), ...this.#passages.splice(0)]) {
      job?.reject(error);
    }
    this.#worker.unref();
    void this.#worker.terminate();
  }
}
