import type { Form } from "./corpus.ts";
import { BANDS, bandsOf, jaccard, signature } from "./minhash.ts";

/** Share of shingles (terms and adjacent terms) from which two steps are the same one. */
export const NEAR_STEPS = 0.5;

// In a crowd of steps that meet, each is compared with so many of the commonest: these are who groups form around.
const CROWD = 64;
const PLACES = 2 ** 20; // beside a hash of 32 bits, in a number of 53
const FORMS_PER_TURN = 2000;
const PAIRS_PER_TURN = 50_000;

/**
 * For each form the places of those near it: verified, not only likely. Of forms in the order of how common they are.
 * Yields now and then, so that its caller can let others work.
 */
export function* neighborsOf(forms: readonly Form[]): Generator<undefined, number[][]> {
  const bands = new Uint32Array(forms.length * BANDS);
  for (const [place, { shingles }] of forms.entries()) {
    bands.set(bandsOf(signature(shingles)), place * BANDS);
    if (place % FORMS_PER_TURN === 0) yield;
  }
  const near = forms.map((): number[] => []);
  let pairs = 0;
  const keys = new Float64Array(forms.length);
  for (let band = 0; band < BANDS; band++) {
    yield;
    for (let place = 0; place < forms.length; place++) {
      keys[place] = (bands[place * BANDS + band] ?? 0) * PLACES + place;
    }
    keys.sort();
    for (const [from, to] of runs(keys)) {
      for (let i = from; i < Math.min(to, from + CROWD); i++) {
        for (let j = i + 1; j < to; j++) {
          if (++pairs % PAIRS_PER_TURN === 0) yield;
          const [a, b] = [placeAt(keys, i), placeAt(keys, j)];
          if (haveMet(bands, a, b, band) || !areNear(forms[a], forms[b])) continue;
          near[a]?.push(b);
          near[b]?.push(a);
        }
      }
    }
  }
  return near;
}

function placeAt(keys: Float64Array, i: number): number {
  return (keys[i] ?? 0) % PLACES;
}

/** From and to of each run of equal hashes that has more than one. */
function* runs(keys: Float64Array): Generator<[number, number]> {
  for (let from = 0; from < keys.length; ) {
    const hash = Math.floor((keys[from] ?? 0) / PLACES);
    let to = from + 1;
    while (to < keys.length && Math.floor((keys[to] ?? 0) / PLACES) === hash) to++;
    if (to - from > 1) yield [from, to];
    from = to;
  }
}

/** Whether two were compared in an earlier band. */
function haveMet(bands: Uint32Array, a: number, b: number, before: number): boolean {
  for (let band = 0; band < before; band++) {
    if (bands[a * BANDS + band] === bands[b * BANDS + band]) return true;
  }
  return false;
}

/** The same thing is done, in nearly the same words: "add 3 to both sides" is not near "subtract 3 from both sides". */
function areNear(a: Form | undefined, b: Form | undefined): boolean {
  if (a === undefined || b === undefined || a.actions.isDisjointFrom(b.actions)) return false;
  return jaccard(a.shingles, b.shingles) >= NEAR_STEPS;
}
