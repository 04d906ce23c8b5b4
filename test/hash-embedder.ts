import type { Embedder } from "../src/ports/models.ts";

const DIMENSION = 64;

export interface HashEmbedder extends Embedder {
  /** The texts of every call, in order. */
  readonly calls: string[][];
}

/**
 * Vectors without a model: the hashed three-letter runs of a text, so that texts that share words lie near each other.
 * `answer` may spoil or delay what it gives.
 */
export function hashEmbedder(
  options: {
    model?: string;
    dimension?: number;
    answer?: (vectors: Float32Array[], texts: readonly string[]) => Float32Array[] | Promise<Float32Array[]>;
  } = {},
): HashEmbedder {
  const { model = "hash-1", dimension = DIMENSION, answer = (vectors) => vectors } = options;
  const calls: string[][] = [];
  return {
    model,
    calls,
    async embed(texts) {
      calls.push([...texts]);
      return answer(
        texts.map((text) => hashVector(text, dimension)),
        texts,
      );
    },
    async close() {},
  };
}

export function hashVector(text: string, dimension: number): Float32Array {
  const vector = new Float32Array(dimension);
  const letters = ` ${text.toLowerCase()} `;
  for (let at = 0; at + 3 <= letters.length; at++) {
    let hash = 2166136261;
    for (const letter of letters.slice(at, at + 3)) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619);
    const place = (hash >>> 0) % dimension;
    vector[place] = (vector[place] ?? 0) + 1;
  }
  const norm = Math.hypot(...vector) || 1;
  return vector.map((x) => x / norm);
}
