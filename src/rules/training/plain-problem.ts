import { isStopWord, stem } from "../terms.ts";

/**
 * What of a problem survives a light rewording, in order: stems without function words and words of instruction, variables,
 * and numbers in one notation, whether they were written in LaTeX, as `1,000` or as `three`.
 */
export function plainTokens(problem: string): string[] {
  const text = problem
    .replace(/\[asy\][\s\S]*?(?:\[\/asy\]|$)/g, " ") // a drawing
    .normalize("NFKC")
    .replace(/(\d)(?:\{,\}|\\,|,)(?=\d{3}(?!\d))/g, "$1")
    .replace(
      /\\(?:left|right|big|Big|displaystyle|dfrac|tfrac|frac|text|textbf|mathrm|mbox|cdot|times|quad|ldots|dots)(?![a-z])/g,
      " ",
    )
    .replace(/[π∞√≤≥°]/g, (sign) => ` ${SIGNS[sign]} `)
    .toLowerCase();
  const tokens: string[] = [];
  for (const [token] of text.matchAll(/\d+(?:\.\d+)?|\p{L}+|[+=<>]|(?<!\p{L})[-\u2212](?!\p{L}{2})/gu)) {
    const number = NUMBERS.get(token);
    const last = tokens.at(-1) ?? "";
    if (number !== undefined && number < 10 && ROUND.has(last)) {
      tokens[tokens.length - 1] = String(Number(last) + number); // twenty-five
    } else if (number !== undefined) tokens.push(String(number));
    else if (/\d/.test(token)) tokens.push(String(Number(token)));
    else if (/\W/.test(token) && token.length === 1 && !/\p{L}/u.test(token))
      tokens.push(token === "\u2212" ? "-" : token);
    else if (!isStopWord(token) && !INSTRUCTION.has(token))
      tokens.push(token.length < 2 ? token : stem(token));
  }
  return tokens;
}

const SIGNS: Record<string, string> = {
  π: "pi",
  "∞": "infty",
  "√": "sqrt",
  "≤": "le",
  "≥": "ge",
  "°": "circ",
};

const UNITS =
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen";
const TENS = "twenty thirty forty fifty sixty seventy eighty ninety";

const NUMBERS = new Map([
  ...UNITS.split(" ").map((word, i) => [word, i] as const),
  ...TENS.split(" ").map((word, i) => [word, 20 + 10 * i] as const),
]);
const ROUND = new Set(["20", "30", "40", "50", "60", "70", "80", "90"]);

// Words that ask for the answer or say how to write it: another wording has others.
const INSTRUCTION = new Set(
  (
    "answer answers boxed calculate compute determine evaluate express expression final find following form give given " +
    "let please problem question result show simplest simplify solve step suppose tell value work"
  ).split(" "),
);
