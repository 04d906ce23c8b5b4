import { withPrefix } from "../../model/behavior.ts";

const WORDS = 6;
const MAX_STEM = 80 - "behavior_".length;
// Words that open advice without saying what it is about.
const NOT_TELLING = new Set(
  (
    "about again all also always an and any are as at be because been before but by can could do does ensure for " +
    "from had has have how if in into is it its make may me must my never not of on only or other our remember " +
    "should so such sure than that the their them then there these they this those to under up use using want was " +
    "we were what when whenever where whether which while who will with would you your"
  ).split(" "),
);

/** The first telling words of a text, in snake_case; empty when it has no Latin letters or digits. */
export function tellingWords(text: string): string {
  const kept = latinWords(text)
    .filter((word) => /../.test(word) && !NOT_TELLING.has(word))
    .slice(0, WORDS);
  return joined(kept);
}

/** All words of a title, in snake_case. */
export function snakeCase(title: string): string {
  return joined(latinWords(title));
}

/** A behavior's name that is not taken yet: the stem, else the stem with the lowest number. */
export function freeName(taken: ReadonlySet<string>, stem: string): string {
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? "" : `_${n}`;
    const name = withPrefix(stem.slice(0, MAX_STEM - suffix.length).replace(/_$/, "") + suffix);
    if (!taken.has(name)) return name;
  }
}

function latinWords(text: string): string[] {
  return (
    text
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? []
  );
}

function joined(words: readonly string[]): string {
  return words
    .reduce((stem, word) => (stem.length + word.length <= MAX_STEM ? `${stem}_${word}` : stem), "")
    .slice(1);
}
