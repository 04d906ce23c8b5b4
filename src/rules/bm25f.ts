/**
 * The lexical relevance of a behavior to a task: BM25F with the instruction as a density and the tasks that
 * were solved with the behavior as a fourth field.
 *
 *   tf'   = 4 · tf_name / norm(len_name) + tf_when / norm(len_when) + 60 · tf_body / max(60, len_body) + 0.5 · solved
 *   norm  = 0.25 + 0.75 · len / mean len
 *   score = Σ_{t in unique terms of the task} weight(t) · idf(t) · 3 · tf' / (2 + tf')
 *           + 0.75 · the same over adjacent pairs of terms, in name and when only
 *           − 0.8 · ln(1 + tasks / 4) · Σ_{t that any behavior holds} weight(t)
 *   idf   = ln(1 + (N − df + 0.5) / (df + 0.5))
 *
 * where `solved` is how many of the `tasks` (the last ten solved tasks) hold the term, and `weight` comes from
 * `taskTerms`. The last line takes back what a long history matches by chance; without it, a behavior that has never been
 * used loses against those that have. Source: recipe R2 (docs/decisions/0004), after Robertson & Zaragoza 2009,
 * "The Probabilistic Relevance Framework", §3.6.
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

const NAME_WEIGHT = 4;
const WHEN_WEIGHT = 1;
const BODY_WEIGHT = 60;
const SHORT_BODY = 60;
const SOLVED_WEIGHT = 0.5;
const SATURATION = 2;
const GAIN = SATURATION + 1;
const CHANCE_WEIGHT = 0.8;
const CHANCE_TASKS = 4;
const FULL_FIT_TERMS = 6;
const HALF_FIT = 0.12;
const FIT_SLOPE = 3;

/** Weight of the score over pairs beside that over single terms. */
export const pairWeight = 0.75;

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
 * What a history of `tasks` solved tasks matches by chance, to be taken off the score of its behavior; 0 without history.
 * `weights` is the sum of the weights of the task's terms that any behavior holds.
 */
export function chanceGain(tasks: number, weights: number): number {
  return CHANCE_WEIGHT * Math.log(1 + tasks / CHANCE_TASKS) * weights;
}

/**
 * How likely it is that a behavior with this gain has to do with the task, 0 to 1: the share that the gain is of what the
 * six strongest terms of the task could reach, on a logistic curve over its logarithm. The gain is the score before
 * `chanceGain` comes off. `strengths` holds weight · idf(n, max(1, df)) of every term of the task, also of those that no
 * behavior holds: that a task is full of unknown words is the best sign of a foreign one. Calibrated on tasks that have
 * an answer against tasks of other fields (docs/decisions/0004).
 */
export function fit(gain: number, strengths: readonly number[]): number {
  const strongest = strengths.toSorted((a, b) => b - a).slice(0, FULL_FIT_TERMS);
  const full = GAIN * strongest.reduce((sum, strength) => sum + strength, 0);
  if (full <= 0 || gain <= 0) return 0;
  return 1 / (1 + ((HALF_FIT * full) / gain) ** FIT_SLOPE);
}

function norm(length: number, mean: number): number {
  return mean > 0 ? 0.25 + (0.75 * length) / mean : 1;
}
