import { tmpdir } from "node:os";
import { join } from "node:path";
import { localEmbedder } from "../src/adapters/local-embedder.ts";
import { openaiEmbedder } from "../src/adapters/openai-embedder.ts";
import { readConfig } from "../src/config.ts";
import { describeError, HandbookError } from "../src/errors.ts";
import type { Embedder } from "../src/ports/models.ts";
import { BadCall } from "./report.ts";
import { useLite } from "./use-lite.ts";

const NAMES = ["use-lite", "local", "openai"];

/**
 * Embedders by name: `use-lite` from npm, and the program's own two as its variables (HANDBOOK_EMBEDDER_MODEL and so
 * on) say. Each is tried once. Throws: BadCall.
 */
export async function openEmbedders(names: readonly string[]): Promise<Map<string, Embedder>> {
  const opened = new Map<string, Embedder>();
  for (const name of names) {
    const embedder = await open(name);
    await embedder.embed(["Is anybody there?"], "query").catch(refused);
    opened.set(name, embedder);
  }
  return opened;
}

async function open(name: string): Promise<Embedder> {
  if (name === "use-lite") return useLite(join(tmpdir(), "use-lite"));
  if (!NAMES.includes(name))
    throw new BadCall(`There is no embedder ${JSON.stringify(name)}. These are known: ${NAMES.join(", ")}.`);
  try {
    const config = readConfig({ ...process.env, HANDBOOK_EMBEDDER: name });
    if (config.embedder?.kind === "openai") return openaiEmbedder(config.embedder);
    if (config.embedder?.kind === "local") return localEmbedder({ ...config.embedder, home: config.home });
  } catch (error) {
    refused(error);
  }
  throw new BadCall(`The embedder ${name} is switched off by the environment.`);
}

function refused(error: unknown): never {
  if (error instanceof HandbookError) throw new BadCall(describeError(error));
  throw error;
}
