/** How an answer is to be read: as mathematics, as a text, as one of several options. */
export type AnswerKind = "math" | "exact" | "choice";

/**
 * The final answer in what a model wrote; undefined where it gives none. Looked for in this order: the last complete
 * `\boxed{…}`, the last `#### …` (GSM8K), the last "answer is …" or "Answer: …" near the end or at the beginning of a line,
 * and, as a last resort, the last number, with the formula that it ends (mathematics), or the last line (others). Thoughts count for nothing, and thoughts that were cut off leave no answer.
 *
 * Of a text that was cut off only a box is taken: the last number of half a derivation is no answer.
 */
export function finalAnswer(text: string, kind: AnswerKind, isCut = false): string | undefined {
  const told = withoutThoughts(text);
  const box = lastBox(told);
  if (box !== undefined || isCut) return box;
  return lastMarked(told) ?? lastResort(told, kind);
}

/** The right answer in what a problem gives as such: a worked solution ends with it, anything else is it. */
export function goldAnswer(answer: string): string {
  return /^####|\\boxed/m.test(answer) ? (finalAnswer(answer, "math") ?? answer) : answer;
}

/** How a problem's answer is to be read where nobody said: by its options, by figures or LaTeX in it, or no word, as mathematics, else as a text. */
export function kindOf({
  answer,
  choices,
}: {
  answer: string;
  choices?: readonly string[] | undefined;
}): AnswerKind {
  if (choices !== undefined) return "choice";
  return /\d|\\[a-zA-Z]/.test(answer) || !/\p{L}{2,}/u.test(answer) ? "math" : "exact";
}

/** What stands after the thoughts; nothing where they never end. */
export function withoutThoughts(text: string): string {
  const end = text.lastIndexOf("</think>");
  if (end >= 0) return text.slice(end + "</think>".length);
  return /^\s*<think>/.test(text) ? "" : text;
}

/** What the last `\boxed` or `\fbox` that is closed holds. */
function lastBox(text: string): string | undefined {
  let limit = text.length; // a box that is open where another one opens that never closes never closes either
  for (const { index, 0: command } of [...text.matchAll(/\\f?boxed?(?![a-z])\s*/g)].reverse()) {
    const start = index + command.length;
    if (text[start] !== "{") {
      const bare = /^[^\s$\\{}.,;]+/.exec(text.slice(start, start + 50))?.[0]; // \boxed 5
      if (bare !== undefined) return bare;
      continue;
    }
    const end = closing(text, start, limit);
    if (end !== undefined) return text.slice(start + 1, end).trim();
    limit = start;
  }
  return undefined;
}

/** Where the brace that opens at `start` closes, before `limit`. */
function closing(text: string, start: number, limit: number): number | undefined {
  let depth = 0;
  for (let i = start; i < limit; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return i;
  }
  return undefined;
}

const ENDING = 400; // characters: before them "the answer" may be that of a step
/** The first group is there where it opens a line, or calls itself final. */
const ANSWER =
  /(^[ \t*_#>]*|\bfinal )?\banswer(?:\s+is\b|\s*(?:(?:\*\*|__)\s*)?:|\s+should be\b|\s*=)[\s:*_]*([^\n]+)/gim;

/** Tried only where it begins: a model in a loop writes these by the thousand. */
const TAIL = /(?<![*_\s])[*_\s]+$/;

/** Near the beginning; a dollar before a figure that no dollar closes is money. */
const FORMULA = /^[^$]{0,20}?(\$\$?(?:\\.|[^$\\])+\$\$?(?!\d)|\\\(.+?\\\))/;

function lastMarked(text: string): string | undefined {
  const hashes = [...text.matchAll(/^####\s*(.+)$/gm)].at(-1)?.[1];
  if (hashes !== undefined) return hashes.trim();
  const said = [...text.matchAll(ANSWER)].findLast(
    ({ index, 1: opening }) => opening !== undefined || index > text.length - ENDING,
  )?.[2];
  if (said === undefined) return undefined;
  const formula = FORMULA.exec(said)?.[1];
  const sentence = said.split(/(?<!\\)[.!;](?=\s|$)|,?\s(?:because|since|which|so)\b/)[0];
  const answer = (formula ?? sentence)?.replace(TAIL, "");
  return answer?.trim() || undefined;
}

function lastResort(text: string, kind: AnswerKind): string | undefined {
  if (kind === "math") {
    const number = [...text.matchAll(NUMBER)].at(-1);
    const formula = [...text.matchAll(ANY_FORMULA)].at(-1);
    if (number === undefined || formula === undefined) return number?.[0];
    const isInside = formula.index < number.index && number.index < formula.index + formula[0].length;
    return isInside ? lastSide(formula[0]) : number[0];
  }
  return (
    text
      .trim()
      .split("\n")
      .at(-1)
      ?.replace(/^[\s*_#>-]+/, "")
      .replace(TAIL, "") || undefined
  );
}

const NUMBER = /-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:\/\d+)?|-?\.\d+/g;
const ANY_FORMULA = /\$\$?(?!\d[\d.,]*(?:\s|$))(?:\\.|[^$\\\n])+\$\$?|\\\(.+?\\\)|\\\[.+?\\\]/gs;

/** What stands behind its last equals sign: a number at the end is only a part of the value. */
function lastSide(formula: string): string | undefined {
  const inside = formula.replace(/^(?:\$\$?|\\[([])|(?:\$\$?|\\[)\]])$/g, "");
  const side = inside.split(/(?<![<>\\])=|\\implies|\\approx/).at(-1);
  return side?.replace(/[\s.,]+$/, "").trim() || undefined;
}
