import { availableParallelism } from "node:os";
import { join } from "node:path";
import { HandbookError } from "../errors.ts";
import type { Embedder } from "../ports/models.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { BatchFailed, EmbedderThread } from "./embedder-thread.ts";
import { embeddingModel, type Pooling } from "./embedding-model.ts";
import { unitVectors } from "./lance/checked-vectors.ts";
import { downloadModel, hasModel } from "./model-files.ts";
import { installCommand, isInstalled } from "./optional-package.ts";

export interface LocalEmbedderOptions {
  /** As its hub names it. */
  model: string;
  /** The data directory, the second place where the package may be. */
  home: string;
  /** Where models are kept. */
  directory: string;
  /** Never downloads. */
  offline: boolean;
  hub?: string | undefined;
  pooling?: Pooling | undefined;
  queryPrefix?: string | undefined;
  /** Told when a download begins, about every 10 s, and when the model is there: `percent` of a file of `megabytes`. */
  onDownload?: (progress: { model: string; percent: number; megabytes: number }) => void;
  limits?: Partial<typeof LIMITS>;
  /** Another thread than the program's own, and another clock: for tests of threads that hang and die. */
  thread?: URL;
  now?: () => number;
}

const PACKAGE = "@huggingface/transformers";
// A query waits for the batch that is under way, so batches are short: on a CPU larger ones are hardly faster a text.
const BATCH_TEXTS = 8;
const BATCH_CHARACTERS = 1000;
const MAX_TOKENS = 512; // what small models read at most; time grows with the square
const LIMITS = {
  /** How long the thread may load, or embed a batch. */
  threadMs: 60_000,
  /** How often progress is told. */
  tellMs: 10_000,
};
// In the source tree Node strips the types; the bundle has the file beside its chunks.
const THREAD = new URL(
  `./local-embedder-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`,
  import.meta.url,
);

/**
 * A model that runs in a thread of this process, by transformers.js and ONNX Runtime. Nothing is loaded before the
 * first call. That call waits while the model is loaded from disk, but not while it is downloaded: until then every
 * call fails at once and says how far it is.
 */
export function localEmbedder(options: LocalEmbedderOptions): Embedder {
  const { model, home, directory, offline, hub, onDownload } = options;
  const known = embeddingModel(model);
  const { pooling = known.pooling, queryPrefix = known.queryPrefix } = options;
  const limits = { ...LIMITS, ...options.limits };
  const breaker = new CircuitBreaker(options.now);
  const closing = new AbortController();
  let download: { percent: number; done: Promise<void> } | undefined;
  let thread: EmbedderThread | undefined;

  async function ready(): Promise<EmbedderThread> {
    if (closing.signal.aborted) throw unavailable("the embedder was closed", "Start the program again");
    if (download !== undefined) throw downloading(download.percent);
    const running = thread; // it may end while it is waited for
    if (running !== undefined) {
      await running.ready;
      return running;
    }
    breaker.check();
    try {
      checkInstalled(home);
      if (!hasModel(directory, model) && offline) {
        throw unavailable(
          `the model ${model} is not in ${directory}, and may not be downloaded`,
          `Set HANDBOOK_EMBEDDER=local and HANDBOOK_OFFLINE=off, or put its files into ${join(directory, model)}`,
        );
      }
    } catch (error) {
      breaker.failed(error);
      throw error;
    }
    if (!hasModel(directory, model)) {
      beginDownload();
      throw downloading(0);
    }
    return load();
  }

  async function load(): Promise<EmbedderThread> {
    const start = {
      ...{ home, directory, model, pooling, maxTokens: MAX_TOKENS },
      poolingIsSet: options.pooling !== undefined,
      // More gain little with texts this short, and the agent's own work needs the others.
      threads: Math.min(4, Math.max(1, Math.floor(availableParallelism() / 2))),
    };
    const loading = new EmbedderThread(options.thread ?? THREAD, start, {
      limitMs: limits.threadMs,
      onEnd(cause) {
        if (thread === loading) thread = undefined;
        if (!closing.signal.aborted) breaker.failed(ended(cause));
      },
    });
    thread = loading;
    await loading.ready;
    breaker.succeeded();
    return loading;
  }

  function beginDownload(): void {
    const current = { percent: 0, done: Promise.resolve() };
    let toldAt = Date.now();
    let megabytes = 0;
    const tell = () => {
      toldAt = Date.now();
      onDownload?.({ model, percent: current.percent, megabytes });
    };
    const loaded = downloadModel({
      ...{ hub, model, directory, signal: closing.signal },
      onProgress({ received, total }) {
        current.percent = total === undefined ? 0 : Math.floor((100 * received) / total);
        megabytes = Math.round((total ?? received) / 1e6);
        if (Date.now() - toldAt >= limits.tellMs) tell();
      },
    });
    current.done = loaded.then(
      () => {
        download = undefined;
        breaker.succeeded();
        tell();
      },
      (error: unknown) => {
        download = undefined;
        breaker.failed(error);
      },
    );
    download = current;
    tell();
  }

  const remedy = `Delete ${join(directory, model)} to download it again, or set HANDBOOK_EMBEDDER_MODEL to another model`;

  function ended(cause: unknown): HandbookError {
    return unavailable(`the model ${model} cannot be run`, remedy, cause);
  }

  function unreadable(cause: unknown): HandbookError {
    return new HandbookError("EMBEDDER_BAD_OUTPUT", `the model ${model} failed on a text`, {
      fix: `${remedy}, if it fails on every text`,
      cause,
    });
  }

  return {
    model: [`local ${model}`, `${MAX_TOKENS} tokens`, options.pooling, queryPrefix]
      .filter(Boolean)
      .join(", "),
    async embed(texts, as, { signal } = {}) {
      const runner = await ready().catch((error: unknown) => {
        throw error instanceof HandbookError ? error : ended(error);
      });
      const prefix = as === "query" ? queryPrefix : known.passagePrefix;
      const batches = inBatches(texts);
      const isDropped = () => signal?.aborted === true;
      const answers = await Promise.all(
        batches.map((batch) =>
          runner.run(
            batch.map((at) => prefix + (texts[at] ?? "")),
            as,
            isDropped,
          ),
        ),
      ).catch((error: unknown) => {
        throw error instanceof BatchFailed ? unreadable(error) : ended(error);
      });
      const vectors = answers.flat();
      const sorted: Float32Array[] = [];
      for (const [place, at] of batches.flat().entries()) sorted[at] = vectors[place] ?? new Float32Array();
      return unitVectors(sorted, texts.length);
    },
    async close() {
      closing.abort();
      await Promise.all([thread?.close(), download?.done]);
    },
  };
}

/** Throws: EMBEDDER_UNAVAILABLE, with the command to run, when what a local model runs on is not installed. */
export function checkInstalled(home: string): void {
  if (isInstalled(PACKAGE, home)) return;
  throw unavailable(`${PACKAGE} is not installed`, `Run: ${installCommand(home, `${PACKAGE}@4`)}`);
}

/** Where the texts of each batch are. Those of like length go together: a batch takes as long as its longest one. */
function inBatches(texts: readonly string[]): number[][] {
  const lengthAt = (at: number) => texts[at]?.length ?? 0;
  const batches: number[][] = [];
  let room = 0;
  for (const at of texts.map((_, place) => place).sort((a, b) => lengthAt(a) - lengthAt(b))) {
    const last = batches.at(-1);
    if (last === undefined || last.length === BATCH_TEXTS || lengthAt(at) > room) {
      batches.push([at]);
      room = BATCH_CHARACTERS - lengthAt(at);
    } else {
      last.push(at);
      room -= lengthAt(at);
    }
  }
  return batches;
}

function downloading(percent: number): HandbookError {
  return unavailable(`the model is being downloaded, ${percent} %`, "Wait for it");
}

function unavailable(message: string, fix: string, cause?: unknown): HandbookError {
  return new HandbookError("EMBEDDER_UNAVAILABLE", message, { fix, cause });
}
