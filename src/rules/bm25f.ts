/**
 * The lexical relevance of a behavior to a task: BM25F with the instruction as a density and the tasks that
 * were solved with the behavior as a fourth field.
 *
 *   tf'   = 3 · tf_name / norm(len_name) + tf_when / norm(len_when) + 60 · tf_body / max(30, len_body) + 0.5 · solved
 *   norm  = 0.25 + 0.75 · len / mean len
 *   score = Σ_{t in unique query terms} idf(t) · 3 · tf' / (2 + tf')
 *           + 0.5 · the same over adjacent pairs of terms, in name and when only
 *   idf   = ln(1 + (N − df + 0.5) / (df + 0.5))
 *
 * where `solved` is how many of the last ten solved tasks hold the term. Source: recipe R1
 * (docs/decisions/0004), after Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework", §3.6.
 */

/** How often a term stands in each field of one behavior. */
export interface TermCounts {
  name: number;
  when: number;
  body: number;
  /** Solved tasks that hold the term. */
  solved: number;
}

/** Lengths of a behavior's fields, in terms. */
export interface FieldLengths {
  name: number;
  when: number;
  body: number;
}

/** Mean lengths over all behaviors searched, in terms. */
export interface MeanLengths {
  name: number;
  when: number;
}

const NAME_WEIGHT = 3;
const WHEN_WEIGHT = 1;
const BODY_WEIGHT = 60;
const SHORT_BODY = 30;
const SOLVED_WEIGHT = 0.5;
const SATURATION = 2;
const GAIN = SATURATION + 1;
const CEILING_TERMS = 24;

/** Weight of the score over pairs beside that over single terms. */
export const pairWeight = 0.5;

/** Rarity of a term that `df` of `n` behaviors hold, in nats; always positive. */
export function idf(n: number, df: number): number {
  return Math.log(1 + (n - df + 0.5) / (df + 0.5));
}

/** What one term adds to a behavior's score, before its idf: 0 to `GAIN`. */
export function termGain(counts: TermCounts, lengths: FieldLengths, means: MeanLengths): number {
  const frequency =
    (NAME_WEIGHT * counts.name) / norm(lengths.name, means.name) +
    (WHEN_WEIGHT * counts.when) / norm(lengths.when, means.when) +
    (BODY_WEIGHT * counts.body) / Math.max(SHORT_BODY, lengths.body) +
    SOLVED_WEIGHT * counts.solved;
  return (GAIN * frequency) / (SATURATION + frequency);
}

/**
 * The most that a behavior could score for a query whose terms have these rarities, by its `CEILING_TERMS` rarest
 * ones: a long task (a pasted log, a stack trace) holds more words than any behavior could answer to. Terms that no
 * behavior holds are to be left out, or every foreign word would count against all.
 */
export function scoreCeiling(rarities: readonly number[]): number {
  const rarest = rarities.toSorted((a, b) => b - a).slice(0, CEILING_TERMS);
  return GAIN * rarest.reduce((sum, rarity) => sum + rarity, 0);
}

function norm(length: number, mean: number): number {
  return mean > 0 ? 0.25 + (0.75 * length) / mean : 1;
}
