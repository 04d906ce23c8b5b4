// The Universal Sentence Encoder lite of 2018, whose weights come from npm: a real model, if an old one, for benches
// where no hub can be reached. Not for users: it runs on the main thread and is far behind current models.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { unitVectors } from "../src/adapters/lance/checked-vectors.ts";
import { importOptional, isInstalled } from "../src/adapters/optional-package.ts";
import type { Embedder } from "../src/ports/models.ts";
import { round, timed } from "./measure.ts";

const PARTS = ["core", "embeddings", "model-embeddings-en"].map((part) => `@energetic-ai/${part}`);
const BATCH = 32;

interface Library {
  initModel(source: unknown): Promise<{ embed(texts: string[]): Promise<number[][]> }>;
}

/** Installs the model into a directory, unless it is there, and loads it: 32 MB, 512 numbers per text. */
export async function useLite(directory: string): Promise<Embedder> {
  if (!PARTS.every((part) => isInstalled(part, directory))) {
    mkdirSync(directory, { recursive: true });
    const packages = PARTS.map((part) => `${part}@0.2.0`);
    await promisify(execFile)("npm", ["install", "--ignore-scripts", "--prefix", directory, ...packages]);
  }
  const library = await importOptional<Library>("@energetic-ai/embeddings", directory);
  const weights = await importOptional<{ modelSource: unknown }>(PARTS[2] ?? "", directory);
  if (library === undefined || weights === undefined) throw new Error("npm has not installed the model");
  const model = await library.initModel(weights.modelSource);
  return {
    model: "universal-sentence-encoder-lite",
    async embed(texts) {
      const vectors: Float32Array[] = [];
      for (let from = 0; from < texts.length; from += BATCH) {
        const rows = await model.embed(texts.slice(from, from + BATCH));
        vectors.push(...rows.map((row) => Float32Array.from(row)));
      }
      return unitVectors(vectors, texts.length);
    },
    close: async () => {},
  };
}

if (import.meta.main) {
  const [file, directory = join(tmpdir(), "use-lite")] = process.argv.slice(2);
  if (file === undefined) throw new Error("node bench/use-lite.ts <texts, one a line> [directory]");
  const texts = readFileSync(file, "utf8").trim().split("\n");
  const embedder = await useLite(directory);
  const ms = await timed(() => embedder.embed(texts, "passage"));
  console.log(`${texts.length} texts in ${round(ms / 1000)} s`);
}
