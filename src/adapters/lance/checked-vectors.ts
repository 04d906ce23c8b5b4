import { createHash } from "node:crypto";
import { HandbookError } from "../../errors.ts";
import type { Embedder } from "../../ports/models.ts";

const KNOWN_GOOD = "What to do: read the task, then do it."; // a text that no model has reason to refuse

const SILENT_MS = { query: 30_000, passage: 300_000 }; // then an embedder that says nothing counts as down

/** Throws: EMBEDDER_UNAVAILABLE, also after a long silence; what else the embedder throws. */
async function embed(
  embedder: Embedder,
  texts: readonly string[],
  as: "query" | "passage",
  traceparent?: string,
) {
  const silence = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const gaveUp = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const fix = "See whether it runs";
      reject(new HandbookError("EMBEDDER_UNAVAILABLE", "the embedder does not answer", { fix }));
      silence.abort();
    }, SILENT_MS[as]).unref();
  });
  try {
    return await Promise.race([embedder.embed(texts, as, { signal: silence.signal, traceparent }), gaveUp]);
  } finally {
    clearTimeout(timer);
  }
}

/** The length of an embedder's vectors, by asking for one. */
export async function dimensionOf(embedder: Embedder): Promise<number> {
  const [vector] = unitVectors(await embed(embedder, [KNOWN_GOOD], "passage"), 1);
  return vector?.length ?? 0;
}

/**
 * Vectors of texts, in order; null for a text that this model makes nothing of, asked twice, while it takes others, so
 * that one text does not stop all that come after it.
 *
 * Throws: EMBEDDER_UNAVAILABLE; EMBEDDER_BAD_OUTPUT when it makes nothing of a plain text either.
 */
export async function embedPassages(
  embedder: Embedder,
  texts: readonly string[],
  dimension: number,
  isAskedAgain = false,
): Promise<(Float32Array | null)[]> {
  try {
    return unitVectors(await embed(embedder, texts, "passage"), texts.length, dimension);
  } catch (error) {
    if (!isBadOutput(error)) throw error;
    await embedPlain(embedder, dimension);
    if (texts.length === 1) return isAskedAgain ? [null] : embedPassages(embedder, texts, dimension, true);
  }
  const middle = texts.length >> 1;
  return [
    ...(await embedPassages(embedder, texts.slice(0, middle), dimension)),
    ...(await embedPassages(embedder, texts.slice(middle), dimension)),
  ];
}

async function embedPlain(embedder: Embedder, dimension: number): Promise<void> {
  unitVectors(await embed(embedder, [KNOWN_GOOD], "passage"), 1, dimension);
}

/**
 * The vectors at unit length, changed in place.
 *
 * Throws: EMBEDDER_BAD_OUTPUT for a wrong number of them, another length than `dimension` or each other, NaN, zero.
 */
export function unitVectors(
  vectors: readonly Float32Array[],
  count: number,
  dimension: number | undefined = vectors[0]?.length,
): Float32Array[] {
  if (vectors.length !== count) throw badOutput(`${vectors.length} vectors for ${count} texts`);
  return vectors.map((vector) => {
    if (vector.length === 0 || vector.length !== dimension)
      throw badOutput(`${vector.length} numbers in a vector, where there must be ${dimension || "some"}`);
    const length = Math.hypot(...vector);
    if (!(length > 0 && length < Number.POSITIVE_INFINITY)) throw badOutput("a vector that is no direction");
    for (const [at, value] of vector.entries()) vector[at] = value / length;
    return vector;
  });
}

/** What an embedder gave, as an error. */
export function badOutput(what: string): HandbookError {
  return new HandbookError("EMBEDDER_BAD_OUTPUT", `the embedder gave ${what}`, {
    fix: "Check that its model embeds texts, and which one it is; after a change of its vectors run `handbook reindex`",
  });
}

function isBadOutput(error: unknown): boolean {
  return error instanceof HandbookError && error.code === "EMBEDDER_BAD_OUTPUT";
}

const KEPT = 200;
const UNDER_WAY = 4; // more would only queue behind an embedder that hangs

/**
 * Vectors of queries, kept: an answer that came too late for one search serves the next one for the same text.
 * Undefined when too many are under way. Throws what the embedder throws.
 */
export function queryVectors(
  embedder: Embedder,
): (text: string, traceparent?: string) => Promise<Float32Array> | undefined {
  const kept = new Map<string, Promise<Float32Array>>();
  let underWay = 0;
  return (text, traceparent) => {
    const key = createHash("sha256").update(text).digest("base64url"); // even a cut text keeps all of a long task
    const known = kept.get(key);
    if (known !== undefined) {
      kept.delete(key); // the one that was not asked for the longest goes first
      kept.set(key, known);
      return known;
    }
    if (underWay >= UNDER_WAY) return undefined;
    underWay++;
    const vector = embed(embedder, [text], "query", traceparent)
      .then((vectors) => unitVectors(vectors, 1)[0] ?? new Float32Array())
      .finally(() => underWay--);
    kept.set(key, vector);
    vector.catch(() => kept.delete(key));
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return vector;
  };
}
