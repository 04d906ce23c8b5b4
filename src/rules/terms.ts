import { stemmer } from "stemmer";

// The usual English function words. Question words stay out too: every task asks something.
const STOP_WORDS = new Set(
  (
    "a about also am an and are as at be been but by can could did do does for from had has have he her him his how i if in into is it its " +
    "just let me my no not of on or our please she should so some such than that the their them then there these they this those to too was we " +
    "were what when where which while who whom why will with would you your"
  ).split(" "),
);

// Writing without spaces, and Hangul, whose particles grow onto the word: runs of it are indexed as pairs of characters.
const UNSPACED =
  "[[\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Hangul}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}]&&[\\p{L}\\p{M}]]";
const RUNS = new RegExp(`(?<unspaced>${UNSPACED}+)|[[\\p{L}\\p{M}\\p{Nd}]--${UNSPACED}]+`, "gv");
const BEYOND_ASCII = /[^\0-\x7f]/;

// Stemming dominates indexing time, and words repeat: remember the stems of the common ones.
const STEMS = new Map<string, string>();
const MAX_STEMS = 50_000;
const MAX_CACHED = 12; // characters; a longer word would keep the text alive that it was cut from, in V8

/**
 * The terms of a text in order, repeats included: lower case, accents off, camelCase split, runs of letters and digits,
 * stop words and one-character tokens left out, Porter stems; writing without spaces as pairs of adjacent characters.
 *
 * Source: recipe R1 (docs/decisions/0004).
 */
export function terms(text: string): string[] {
  const found: string[] = [];
  for (const word of words(text)) {
    if (isTerm(word)) found.push(stem(word));
  }
  return found;
}

/** Adjacent terms joined by a space, in order, repeats included. */
export function pairs(sequence: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 1; i < sequence.length; i++) found.push(`${sequence[i - 1]} ${sequence[i]}`);
  return found;
}

/** All words, stop words too, not yet stemmed. */
export function words(text: string): string[] {
  if (!BEYOND_ASCII.test(text))
    return (
      splitCamelCase(text)
        .toLowerCase()
        .match(/[a-z0-9]+/g) ?? []
    );
  const folded = text
    .normalize("NFD")
    .replace(/[\u0300-\u036f]/g, "")
    .normalize("NFC");
  const found: string[] = [];
  for (const { 0: run, groups } of splitCamelCase(folded).toLowerCase().matchAll(RUNS)) {
    if (groups?.unspaced === undefined) found.push(run);
    else found.push(...charactersByTwo(run));
  }
  return found;
}

/** Whether a word is worth an entry in the index. */
export function isTerm(word: string): boolean {
  return (word.length > 1 || BEYOND_ASCII.test(word)) && !STOP_WORDS.has(word);
}

export function isStopWord(word: string): boolean {
  return STOP_WORDS.has(word);
}

export function stem(word: string): string {
  const known = STEMS.get(word);
  if (known !== undefined) return known;
  if (STEMS.size >= MAX_STEMS) STEMS.clear();
  const made = stemmer(word);
  if (word.length <= MAX_CACHED) STEMS.set(word, made);
  return made;
}

function splitCamelCase(text: string): string {
  return /[\p{Ll}\d]\p{Lu}/u.test(text) ? text.replace(/([\p{Ll}\d])(\p{Lu})/gu, "$1 $2") : text;
}

function charactersByTwo(run: string): string[] {
  const characters = Array.from(run);
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, at) => `${characters[at]}${character}`);
}
