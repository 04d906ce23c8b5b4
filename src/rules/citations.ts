/**
 * Which of the served behaviors a text names, in the order served.
 *
 * A name counts whole and in its exact spelling: bare (`behavior_check_units`), without its prefix
 * (`check_units`), in brackets (`[[check_units]]`) or in backticks. A name of one word (`behavior_bisect`) without
 * its prefix is an ordinary word, so it counts only in brackets or backticks.
 */
export function citedNames(text: string, served: readonly string[]): string[] {
  return [...new Set(served)].filter((name) => isNamed(text, name));
}

function isNamed(text: string, name: string): boolean {
  const short = name.replace(/^behavior_/, "");
  if (standsAlone(text, name)) return true;
  if (short.includes("_")) return standsAlone(text, short);
  return text.includes(`[[${short}]]`) || text.includes(`\`${short}\``);
}

/** True when `word` stands in the text with no letter, digit or underscore on either side. */
function standsAlone(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!isWordCharacter(text[at - 1]) && !isWordCharacter(text[at + word.length])) return true;
  }
  return false;
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}
