import { HandbookError } from "../errors.ts";

/**
 * The vectors at unit length, changed in place.
 *
 * Throws: EMBEDDER_BAD_OUTPUT for a wrong number of them, another length than `dimensions` or each other, NaN, zero.
 */
export function unitVectors(
  vectors: readonly Float32Array[],
  count: number,
  dimensions: number | undefined = vectors[0]?.length,
): Float32Array[] {
  if (vectors.length !== count) throw bad(`${vectors.length} vectors for ${count} texts`);
  return vectors.map((vector) => {
    if (vector.length === 0) throw bad("a vector of length 0");
    if (vector.length !== dimensions) {
      throw bad(`a vector of length ${vector.length} where ${dimensions} is expected`);
    }
    const length = Math.hypot(...vector);
    if (!(length > 0 && length < Number.POSITIVE_INFINITY)) throw bad("a vector that is no direction");
    for (const [at, value] of vector.entries()) vector[at] = value / length;
    return vector;
  });
}

function bad(what: string): HandbookError {
  return new HandbookError("EMBEDDER_BAD_OUTPUT", `the embedder answered with ${what}`, {
    fix: "Set HANDBOOK_EMBEDDER_MODEL to a model that embeds texts, or HANDBOOK_EMBEDDER to none",
  });
}
