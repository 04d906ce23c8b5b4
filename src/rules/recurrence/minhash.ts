/**
 * Sets that are near one another, found without comparing all pairs.
 *
 * Of a random order of all shingles, two sets have the same least one with a probability that is their Jaccard similarity
 * (Broder 1997, "On the resemblance and containment of documents"); an order is a keyed hash. `BANDS` · `ROWS` of them are a
 * signature. Two sets meet when a whole band is equal, with probability 1 − (1 − J^ROWS)^BANDS: 0.2 at J = 0.2, 0.98 at
 * 0.5, 0.999 at 0.6 (Leskovec, Rajaraman & Ullman, "Mining of Massive Datasets", §3.3–3.4).
 */
export const BANDS = 32;
export const ROWS = 3;
const HASHES = BANDS * ROWS;

const SEEDS = Uint32Array.from({ length: HASHES }, (_, i) => mix(Math.imul(i + 1, 0x9e3779b9)));

/** The least hash of a set in each order; shingles are numbers of 32 bits. */
export function signature(shingles: Iterable<number>): Uint32Array {
  const least = new Uint32Array(HASHES).fill(0xffffffff);
  for (const shingle of shingles) {
    for (let i = 0; i < HASHES; i++) {
      const hash = mix(shingle ^ (SEEDS[i] ?? 0));
      if (hash < (least[i] ?? 0)) least[i] = hash;
    }
  }
  return least;
}

/** What the share of equal least hashes estimates: the Jaccard similarity, with a standard error of √(J(1−J)/96). */
export function estimate(a: Uint32Array, b: Uint32Array): number {
  return a.reduce((equal, hash, i) => equal + Number(hash === b[i]), 0) / HASHES;
}

/** The bands of a signature, each as a number of 32 bits. */
export function bandsOf(least: Uint32Array): Uint32Array {
  return Uint32Array.from({ length: BANDS }, (_, band) => {
    let key = band;
    for (let row = 0; row < ROWS; row++) key = mix(key ^ (least[band * ROWS + row] ?? 0));
    return key;
  });
}

/** Sets of 32-bit numbers, one after the other, each ascending: `starts` has where each begins, and where the last ends. */
export interface Sets {
  values: Uint32Array;
  starts: Uint32Array;
}

/** One of the sets. */
export function setAt({ values, starts }: Sets, place: number): Uint32Array {
  return values.subarray(starts[place], starts[place + 1]);
}

/** Shared elements by all elements of two of the sets, 0 to 1. */
export function jaccard({ values, starts }: Sets, a: number, b: number): number {
  let [i = 0, j = 0] = [starts[a], starts[b]];
  const [endOfA = 0, endOfB = 0] = [starts[a + 1], starts[b + 1]];
  const both = endOfA - i + endOfB - j;
  let shared = 0;
  while (i < endOfA && j < endOfB) {
    const [left = 0, right = 0] = [values[i], values[j]];
    if (left === right) shared++;
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return both === 0 ? 0 : shared / (both - shared);
}

/** The finalizer of MurmurHash3: every bit of the input reaches every bit of the output. */
export function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A term as a number of 32 bits (FNV-1a). */
export function hashOf(term: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < term.length; i++) hash = Math.imul(hash ^ term.charCodeAt(i), 0x01000193);
  return mix(hash);
}
