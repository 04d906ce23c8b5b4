import { HandbookError } from "../errors.ts";
import type { Embedder } from "../ports.ts";

const KNOWN_GOOD = "What to do: read the task, then do it."; // a text that no model has reason to refuse

const SILENT_MS = { query: 30_000, passage: 300_000 }; // then an embedder that says nothing counts as down

/** Throws: EMBEDDER_UNAVAILABLE, also after a long silence; what else the embedder throws. */
async function embed(embedder: Embedder, texts: readonly string[], as: "query" | "passage") {
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
    return await Promise.race([embedder.embed(texts, as, silence.signal), gaveUp]);
  } finally {
    clearTimeout(timer);
  }
}

/** The length of an embedder's vectors, by asking for one. */
export async function dimensionOf(embedder: Embedder): Promise<number> {
  const [vector] = checked(await embed(embedder, [KNOWN_GOOD], "passage"), 1);
  return vector?.length ?? 0;
}

/**
 * Vectors of texts, in order; null for a text that this model makes nothing of while it takes others, so that one
 * text does not stop all that come after it.
 *
 * Throws: EMBEDDER_UNAVAILABLE; EMBEDDER_BAD_OUTPUT when it makes nothing of a plain text either.
 */
export async function embedPassages(
  embedder: Embedder,
  texts: readonly string[],
  dimension: number,
): Promise<(Float32Array | null)[]> {
  try {
    return checked(await embed(embedder, texts, "passage"), texts.length, dimension);
  } catch (error) {
    if (!isBadOutput(error)) throw error;
    await embedPlain(embedder, dimension);
    if (texts.length === 1) return [null];
  }
  const middle = texts.length >> 1;
  return [
    ...(await embedPassages(embedder, texts.slice(0, middle), dimension)),
    ...(await embedPassages(embedder, texts.slice(middle), dimension)),
  ];
}

async function embedPlain(embedder: Embedder, dimension: number): Promise<void> {
  checked(await embed(embedder, [KNOWN_GOOD], "passage"), 1, dimension);
}

/** Throws: EMBEDDER_BAD_OUTPUT unless these are so many vectors of one length and of numbers only. */
export function checked(vectors: readonly Float32Array[], count: number, dimension?: number): Float32Array[] {
  const length = dimension ?? vectors[0]?.length ?? 0;
  if (vectors.length !== count) throw badOutput(`${vectors.length} vectors for ${count} texts`);
  for (const vector of vectors) {
    if (vector.length !== length || length === 0)
      throw badOutput(`${vector.length} numbers in a vector, where there must be ${length || "some"}`);
    const square = vector.reduce((sum, x) => sum + x * x, 0);
    if (!Number.isFinite(square) || square === 0)
      throw badOutput(square === 0 ? "a vector without direction" : "a vector that holds no numbers");
  }
  return [...vectors];
}

/** What an embedder gave, as an error. */
export function badOutput(what: string): HandbookError {
  return new HandbookError("EMBEDDER_BAD_OUTPUT", `the embedder gave ${what}`, {
    fix: "Check which model it serves; after a change of its vectors run `handbook reindex`",
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
export function queryVectors(embedder: Embedder): (text: string) => Promise<Float32Array> | undefined {
  const kept = new Map<string, Promise<Float32Array>>();
  let underWay = 0;
  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) {
      kept.delete(text); // the one that was not asked for the longest goes first
      kept.set(text, known);
      return known;
    }
    if (underWay >= UNDER_WAY) return undefined;
    underWay++;
    const vector = embed(embedder, [text], "query")
      .then((vectors) => checked(vectors, 1)[0] ?? new Float32Array())
      .finally(() => underWay--);
    kept.set(text, vector);
    vector.catch(() => kept.delete(text));
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return vector;
  };
}
