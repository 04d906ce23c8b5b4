import { random } from "../src/rules/random.ts";

const SYNONYMS: [RegExp, string][] = [
  [/\bfind\b/gi, "determine"],
  [/\bcompute\b/gi, "work out"],
  [/\bevaluate\b/gi, "calculate"],
  [/\bhow many\b/gi, "what is the number of"],
  [/\bwhat is\b/gi, "give"],
  [/\blet\b/gi, "suppose that"],
  [/\bsmallest\b/gi, "least"],
  [/\blargest\b/gi, "greatest"],
  [/\bpositive integers?\b/gi, "natural numbers"],
  [/\bsuch that\b/gi, "for which"],
  [/\beach\b/gi, "every"],
  [/\btotal\b/gi, "overall"],
  [/\bequal to\b/gi, "the same as"],
  [/\bpossible\b/gi, "feasible"],
  [/\bfunction\b/gi, "map"],
  [/\bpeople\b/gi, "persons"],
  [/\bdistance\b/gi, "length"],
  [/\bprobability\b/gi, "chance"],
  [/\bchosen\b/gi, "picked"],
];
const NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve".split(" ");

const synonyms = (text: string) =>
  SYNONYMS.reduce((changed, [word, other]) => changed.replace(word, other), text);
const plainText = (text: string) =>
  text
    .replace(/\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}/g, "$1/$2")
    .replace(/\\sqrt\{([^{}]*)\}/g, "√($1)")
    .replace(/\\pi/g, "π")
    .replace(/\\leq?(?![a-z])/g, "≤")
    .replace(/\\(?:left|right|,|!)/g, "")
    .replace(/\$|\\/g, "");
const wrapped = (text: string) =>
  `Solve the following math problem efficiently and clearly. Think step by step and put your final answer within \\boxed{}.\n\n${text}\n\nShow your work.`;

/** Light rewordings of a problem, as data sets have them; the same ones for the same seed. */
export function rewordings(seed: number): Record<string, (text: string) => string> {
  const next = random(seed);
  return {
    verbatim: (text) => text,
    "in a prompt": wrapped,
    synonyms,
    "plain text for LaTeX": plainText,
    "numbers as words": (text) =>
      text.replace(/(?<![\d.\\{^])\b(\d+)\b(?![.\d}])/g, (found, digits) => NUMBERS[Number(digits)] ?? found),
    "sentences turned round": (text) =>
      text
        .split(/(?<=[.?!])\s+/)
        .reverse()
        .join(" "),
    "other names": (text) => text.replace(/(?<=[a-z,] )[A-Z][a-z]{2,}/g, "Zoltan"),
    "10 % of the words left out": (text) =>
      text
        .split(/(\s+)/)
        .filter((word) => /^\s|[\d\\$]/.test(word) || next() > 0.1)
        .join(""),
    "20 % of the words replaced": (text) =>
      text
        .split(/(\s+)/)
        .map((word) => (/^[A-Za-z]{4,}[.,?]?$/.test(word) && next() < 0.2 ? "thing" : word))
        .join(""),
    "synonyms, plain text, in a prompt": (text) => wrapped(plainText(synonyms(text))),
  };
}
