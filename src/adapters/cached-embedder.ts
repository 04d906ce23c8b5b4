import { HandbookError } from "../errors.ts";
import type { Embedder } from "../ports.ts";

const QUERIES = 500; // 384 numbers each: 0.8 MB

/**
 * Remembers the vectors of the last 500 queries, and embeds a query once that is asked for several times at once. A
 * caller that gives up goes at once; the query is embedded to the end, for whoever asks the same next.
 */
export function cachedQueries(embedder: Embedder): Embedder {
  const known = new Map<string, Promise<Float32Array>>(); // least recently used first

  const lookUp = (texts: readonly string[]): Promise<Float32Array>[] => {
    const missing = [...new Set(texts)].filter((text) => !known.has(text));
    const asked = missing.length === 0 ? undefined : embedder.embed(missing, "query");
    for (const [at, text] of missing.entries()) {
      const vector = Promise.resolve(asked).then((vectors) => {
        const found = vectors?.[at];
        if (found === undefined) throw new Error("the embedder broke its contract: a vector is missing");
        return found;
      });
      known.set(text, vector);
      vector.catch(() => known.delete(text));
    }
    const vectors = texts.map((text) => {
      const vector = known.get(text);
      if (vector === undefined) throw new Error("unreachable: every text is known by now");
      known.delete(text);
      known.set(text, vector);
      return vector;
    });
    for (const text of known.keys()) {
      if (known.size <= QUERIES) break;
      known.delete(text);
    }
    return vectors;
  };

  return {
    model: embedder.model,
    close: () => embedder.close(),
    async embed(texts, as, signal) {
      return untilAborted(
        as === "passage" ? embedder.embed(texts, as, signal) : Promise.all(lookUp(texts)),
        signal,
      );
    },
  };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const giveUp = () =>
      reject(
        new HandbookError("EMBEDDER_UNAVAILABLE", "the embedder did not answer in time", {
          fix: "Try again; it may be busy",
          cause: signal.reason,
        }),
      );
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) giveUp();
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}
