// The thread in which a model runs: inference keeps its thread busy, and a server's must stay free.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import type { Pooling } from "./embedding-model.ts";
import { importOptional } from "./optional-package.ts";

/** What the thread is started with. */
export interface ThreadStart {
  home: string;
  directory: string;
  model: string;
  /** What counts unless the model's own files say otherwise. */
  pooling: Pooling;
  poolingIsSet: boolean;
  maxTokens: number;
  threads: number;
}

/** What the thread says: once that it is ready, and then an answer to each batch. */
export type ThreadAnswer =
  | { kind: "ready" }
  | { kind: "vectors"; vectors: Float32Array[] }
  | { kind: "failed"; error: string };

// stdout belongs to the protocol: whatever a library prints goes to stderr.
for (const method of ["log", "info", "debug"] as const) console[method] = console.error;

const start: ThreadStart = workerData;
const port = parentPort;
if (port === null) throw new Error("this file is started as a thread");

const transformers = await importOptional<typeof import("@huggingface/transformers")>(
  "@huggingface/transformers",
  start.home,
);
if (transformers === undefined) throw new Error("@huggingface/transformers is not installed");
const { AutoModel, AutoTokenizer, env } = transformers;
env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = start.directory;
env.useFSCache = false;
const tokenizer = await AutoTokenizer.from_pretrained(start.model);
const model = await AutoModel.from_pretrained(start.model, {
  dtype: "q8",
  device: "cpu",
  session_options: {
    intraOpNumThreads: start.threads,
    interOpNumThreads: 1,
    // Threads that wait for the next call by spinning take a whole core each from everyone else.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  },
});
const pooling = start.poolingIsSet ? start.pooling : (ownPooling() ?? start.pooling);
const say = (answer: ThreadAnswer) => port.postMessage(answer);
await embed(["ready"]); // the first inference allocates what the later ones use
say({ kind: "ready" });

port.on("message", async (texts: string[]) => {
  try {
    say({ kind: "vectors", vectors: await embed(texts) });
  } catch (error) {
    say({ kind: "failed", error: String(error) });
  }
});

async function embed(texts: string[]): Promise<Float32Array[]> {
  const tokens = tokenizer(texts, { padding: true, truncation: true, max_length: start.maxTokens });
  const output = await model(tokens);
  const states = output.last_hidden_state ?? output.token_embeddings;
  const [, length, size] = states.dims;
  const mask = Array.from(tokens.attention_mask.data, Number);
  return texts.map((_, row) => {
    const positions = Array.from({ length }, (_, at) => row * length + at).filter((at) => mask[at] === 1);
    return pooled(states.data, size, positions);
  });
}

/** The vectors of a text's tokens, at `positions` of `data`, as one. */
function pooled(data: Float32Array, size: number, positions: number[]): Float32Array {
  const at = (position = 0) => data.slice(position * size, (position + 1) * size);
  switch (pooling) {
    case "cls":
      return at(positions[0]);
    case "last_token":
      return at(positions.at(-1));
    case "mean": {
      const sum = new Float32Array(size);
      for (const position of positions) {
        for (let i = 0; i < size; i++) sum[i] = (sum[i] ?? 0) + (data[position * size + i] ?? 0);
      }
      return sum.map((value) => value / positions.length);
    }
  }
}

/** What the model's authors wrote down, as sentence-transformers does. */
function ownPooling(): Pooling | undefined {
  const file = join(start.directory, start.model, "1_Pooling", "config.json");
  if (!existsSync(file)) return undefined;
  const modes = JSON.parse(readFileSync(file, "utf8"));
  if (modes.pooling_mode_cls_token) return "cls";
  if (modes.pooling_mode_lasttoken) return "last_token";
  return modes.pooling_mode_mean_tokens ? "mean" : undefined;
}
