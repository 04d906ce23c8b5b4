import { pairs } from "../terms.ts";
import { type Form, partsOf } from "./corpus.ts";
import { BANDS, bandsOf, hashOf, jaccard, type Sets, setAt, signature } from "./minhash.ts";

/** Share of shingles (terms and adjacent terms) from which two steps are the same one. */
const NEAR_STEPS = 0.5;

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
  const { shingles, actions } = yield* shinglesOf(forms);
  const bands = new Uint32Array(forms.length * BANDS);
  for (let place = 0; place < forms.length; place++) {
    if (place % FORMS_PER_TURN === 0) yield;
    bands.set(bandsOf(signature(setAt(shingles, place))), place * BANDS);
  }
  const near = forms.map((): number[] => []);
  let met = 0;
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
          if (++met % PAIRS_PER_TURN === 0) yield;
          const [a, b] = [placeAt(keys, i), placeAt(keys, j)];
          // The same thing must be done: "add 3 to both sides" is not near "subtract 3 from both sides".
          if (haveMet(bands, a, b, band) || actions[a]?.isDisjointFrom(actions[b] ?? NONE)) continue;
          if (jaccard(shingles, a, b) < NEAR_STEPS) continue;
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

/** What is compared: hashes of the terms and of adjacent terms; and what each form does. */
function* shinglesOf(
  forms: readonly Form[],
): Generator<undefined, { shingles: Sets; actions: ReadonlySet<string>[] }> {
  const starts = new Uint32Array(forms.length + 1);
  const known = new Map<string, ReadonlySet<string>>();
  const actions: ReadonlySet<string>[] = [];
  let values = new Uint32Array(16 * forms.length + 16);
  for (const [place, form] of forms.entries()) {
    if (place % FORMS_PER_TURN === 0) yield;
    const parts = partsOf(form);
    const which = parts.actions.join("+");
    const set = known.get(which) ?? new Set(parts.actions);
    known.set(which, set);
    actions.push(set);
    const own = Uint32Array.from(new Set([...parts.terms, ...pairs(parts.terms)].map(hashOf))).sort();
    const start = starts[place] ?? 0;
    const end = start + own.length;
    starts[place + 1] = end;
    if (end > values.length) {
      const larger = new Uint32Array(2 * end);
      larger.set(values);
      values = larger;
    }
    values.set(own, start);
  }
  return { shingles: { values, starts }, actions };
}

const NONE: ReadonlySet<string> = new Set();
