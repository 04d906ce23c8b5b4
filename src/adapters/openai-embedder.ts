import OpenAI from "openai";
import * as z from "zod";
import { HandbookError } from "../errors.ts";
import type { Embedder } from "../ports/models.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { embeddingModel } from "./embedding-model.ts";
import { badOutput, unitVectors } from "./lance/checked-vectors.ts";

export interface OpenaiEmbedderOptions {
  baseUrl?: string | undefined;
  apiKey: string;
  model: string;
  /** Asked for from models that can shorten their vectors. */
  dimensions?: number | undefined;
  queryPrefix?: string | undefined;
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const BATCH_TEXTS = 64;
const BATCH_CHARACTERS = 100_000;
// Endpoints refuse a whole batch for one text over their limit, commonly 8,192 tokens. In no language is a character
// more than about 1.3 tokens; what a behavior or a task is about stands in its beginning.
const TEXT_CHARACTERS = 6000;

const Answer = z.object({
  data: z.array(
    z.object({
      index: z.int().nonnegative().optional(),
      embedding: z.union([z.array(z.number()), z.base64()]),
    }),
  ),
});

/** A model behind any OpenAI-compatible `/embeddings`. Retries what is worth it (429, 5xx, connection) twice. */
export function openaiEmbedder(options: OpenaiEmbedderOptions): Embedder {
  const { model, dimensions, baseUrl, apiKey, timeoutMs = TIMEOUT_MS } = options;
  const known = embeddingModel(model);
  const { queryPrefix = known.queryPrefix } = options;
  const client = new OpenAI({ apiKey, timeout: timeoutMs, ...(baseUrl && { baseURL: baseUrl }) });
  const breaker = new CircuitBreaker();
  const closing = new AbortController();
  let length = dimensions;

  async function batch(
    texts: string[],
    as: "query" | "passage",
    asked: OpenAI.RequestOptions,
  ): Promise<Float32Array[]> {
    const answer = await client.embeddings
      // Said, because the client would ask for base64 and fail on the servers that do not know it.
      .create({ model, input: texts, encoding_format: "float", ...(dimensions && { dimensions }) }, asked)
      .catch((error: unknown) => {
        throw refusal(error, as);
      });
    const parsed = Answer.safeParse(answer);
    if (!parsed.success) {
      throw new HandbookError("EMBEDDER_BAD_OUTPUT", "the endpoint's answer holds no vectors", {
        fix: "Check HANDBOOK_EMBEDDER_URL: it must be the address before /embeddings",
        cause: parsed.error,
      });
    }
    const { data } = parsed.data;
    if (data.length !== texts.length) throw badOutput(`${data.length} vectors for ${texts.length} texts`);
    const vectors: Float32Array[] = texts.map(() => new Float32Array()); // an index twice leaves one empty
    for (const [place, { index = place, embedding }] of data.entries()) {
      if (index >= texts.length) throw badOutput(`a vector for text ${index} of ${texts.length}`);
      vectors[index] = typeof embedding === "string" ? floats(embedding) : Float32Array.from(embedding);
    }
    const units = unitVectors(vectors, texts.length, length);
    length ??= units[0]?.length;
    return units;
  }

  return {
    model: [`${client.baseURL} ${model}`, dimensions, queryPrefix].filter(Boolean).join(", "),
    async embed(texts, as, { signal, traceparent } = {}) {
      const stopping = AbortSignal.any([closing.signal, ...(signal === undefined ? [] : [signal])]);
      const asked = { signal: stopping, ...(traceparent && { headers: { traceparent } }) };
      const prefix = as === "query" ? queryPrefix : known.passagePrefix;
      const vectors: Float32Array[] = [];
      for (const input of batches(texts.map((text) => prefix + (text.trim() || "-")))) {
        breaker.check();
        try {
          vectors.push(...(await batch(input, as, asked)));
          breaker.succeeded();
        } catch (error) {
          // Whoever refuses a text is there to take the next one.
          const isDown = error instanceof HandbookError && error.code === "EMBEDDER_UNAVAILABLE";
          if (!isDown) breaker.succeeded();
          else if (!stopping.aborted) breaker.failed(error);
          throw error;
        }
      }
      return vectors;
    },
    async close() {
      closing.abort();
    },
  };
}

/** Texts, cut to what endpoints take, in batches that are small enough in number and in characters. */
function batches(texts: readonly string[]): string[][] {
  const all: string[][] = [];
  let characters = Number.POSITIVE_INFINITY;
  for (const text of texts) {
    const input = text.slice(0, TEXT_CHARACTERS).toWellFormed();
    const last = all.at(-1);
    if (last === undefined || last.length === BATCH_TEXTS || characters + input.length > BATCH_CHARACTERS) {
      all.push([input]);
      characters = input.length;
    } else {
      last.push(input);
      characters += input.length;
    }
  }
  return all;
}

/** Little-endian 32-bit floats. */
function floats(base64: string): Float32Array {
  const bytes = Buffer.from(base64, "base64");
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, at) => bytes.readFloatLE(4 * at));
}

// The endpoint's own words stay in the cause: they may carry anything, and errors reach models.
function refusal(cause: unknown, as: "query" | "passage"): HandbookError {
  const status = cause instanceof OpenAI.APIError ? cause.status : undefined;
  const error = (message: string, fix: string) =>
    new HandbookError("EMBEDDER_UNAVAILABLE", message, { fix, cause });
  // Some fail on a text that is too long, or that their model makes no number of. A question can be put again.
  switch (status === 500 && as === "passage" ? 422 : status) {
    case undefined:
      return error(
        "the embedding endpoint does not answer",
        "Check HANDBOOK_EMBEDDER_URL and that the server is running",
      );
    case 401:
    case 403:
      return error(`the embedding endpoint refused the key (HTTP ${status})`, "Check HANDBOOK_EMBEDDER_KEY");
    // Of one text that is too long or otherwise not to its taste, or of all: who asks tells these apart by another text.
    case 400:
    case 413:
    case 422:
      return new HandbookError(
        "EMBEDDER_BAD_OUTPUT",
        `the embedding endpoint refused a text (HTTP ${status})`,
        {
          fix: "If it refuses every text, check HANDBOOK_EMBEDDER_MODEL and HANDBOOK_EMBEDDER_DIMENSIONS",
          cause,
        },
      );
    case 404:
      return error(
        "the embedding endpoint does not know this model or path (HTTP 404)",
        "Check HANDBOOK_EMBEDDER_MODEL and HANDBOOK_EMBEDDER_URL",
      );
    default:
      return error(`the embedding endpoint failed (HTTP ${status})`, "It is tried again by itself");
  }
}
