import { stemmer } from "stemmer";

// The usual English function words. Question words stay out too: every task asks something.
const STOP_WORDS = new Set(
  (
    "a about also am an and are as at be been but by can could did do does for from had has have he her him his how i if in into is it its " +
    "just let me my no not of on or our please she should so some such than that the their them then there these they this those to too was we " +
    "were what when where which while who whom why will with would you your"
  ).split(" "),
);

// Stemming dominates indexing time, and words repeat: remember the stems of the common ones.
const STEMS = new Map<string, string>();
const MAX_STEMS = 50_000;

/**
 * The terms of a text in order, repeats included: lower case, camelCase split, runs of `[a-z0-9]`, stop words
 * and one-character tokens left out, Porter stems.
 *
 * Source: recipe R1 (docs/decisions/0004).
 */
export function terms(text: string): string[] {
  const split = /[a-z0-9][A-Z]/.test(text) ? text.replace(/([a-z0-9])([A-Z])/g, "$1 $2") : text;
  const words = split.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const found: string[] = [];
  for (const word of words) {
    if (word.length > 1 && !STOP_WORDS.has(word)) found.push(stem(word));
  }
  return found;
}

/** Adjacent terms joined by a space, in order, repeats included. */
export function pairs(sequence: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 1; i < sequence.length; i++) found.push(`${sequence[i - 1]} ${sequence[i]}`);
  return found;
}

function stem(word: string): string {
  const known = STEMS.get(word);
  if (known !== undefined) return known;
  if (STEMS.size >= MAX_STEMS) STEMS.clear();
  const made = stemmer(word);
  STEMS.set(word, made);
  return made;
}
