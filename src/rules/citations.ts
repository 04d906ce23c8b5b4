/**
 * Which of the served behaviors a text names, in the order served.
 *
 * A name counts whole and in its exact spelling: bare (`behavior_check_units`), without its prefix
 * (`check_units`), in brackets (`[[check_units]]`) or in backticks. Without its prefix it does not count as part of a
 * path, a call or a member (`src/check_units.py`, `check_units(x)`): that is code of the same name. A name of one word
 * (`behavior_bisect`) without its prefix is an ordinary word, so it counts only in brackets or backticks.
 */
export function citedNames(text: string, served: readonly string[]): string[] {
  const plain = text.replaceAll("\\_", "_"); // as Markdown writes an underscore
  return [...new Set(served)].filter((name) => isNamed(plain, name));
}

function isNamed(text: string, name: string): boolean {
  const short = name.replace(/^behavior_/, "");
  if (standsAlone(text, name)) return true;
  if (short.includes("_")) return standsAlone(text, short, isCode);
  return text.includes(`[[${short}]]`) || text.includes(`\`${short}\``);
}

/** True when `word` stands in the text with no letter, digit or underscore on either side, and not `unless`. */
function standsAlone(
  text: string,
  word: string,
  unless?: (before: string | undefined, after: string) => boolean,
): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const end = at + word.length;
    if (isWordCharacter(text[at - 1]) || isWordCharacter(text[end])) continue;
    if (!unless?.(text[at - 1], text.slice(end, end + 2))) return true;
  }
  return false;
}

function isCode(before: string | undefined, after: string): boolean {
  return before === "/" || before === "." || /^(?:\(|\.[a-z0-9])/.test(after);
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character);
}
