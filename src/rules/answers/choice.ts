import { letterOf } from "../../model/problem.ts";

/**
 * The letter that an answer names: alone (`C`, `(c)`, `\text{(C)}`, `**C.**`), before an option's text (`C. Paris`), or by
 * the text of just one option. Undefined where it names none, or more than one. Without known options any letter counts.
 */
export function chosenLetter(answer: string, choices: readonly string[] = []): string | undefined {
  const plain = plainText(answer);
  const last = choices.length === 0 ? "z" : letterOf(choices.length - 1).toLowerCase();
  const isOption = (letter: string) => letter <= last;
  const [, letter = "", rest = ""] =
    /^(?:option |choice )?\(?([a-z])(?:[).:]|$)\)?\s*(.*)$/s.exec(plain) ?? [];
  const texts = choices.map(plainText);
  if (
    letter !== "" &&
    isOption(letter) &&
    (rest === "" || texts.length === 0 || texts.some((text) => rest === text))
  )
    return letter.toUpperCase();
  const same = texts.flatMap((text, place) => (text === plain ? [letterOf(place)] : []));
  if (same.length === 1) return same[0];
  const named = [...plain.matchAll(/(?:^|[\s(])([a-z])(?:\)|(?=[\s.,:]|$))/g)]
    .map(([found, name = ""]) => (found.includes("(") || name !== "a" ? name : "")) // "a" is mostly an article
    .filter((name) => name !== "" && isOption(name));
  return new Set(named).size === 1 ? named[0]?.toUpperCase() : undefined;
}

/** Why a problem with options cannot be checked; undefined where it can. */
export function choiceFault(problem: {
  answer: string;
  choices?: readonly string[] | undefined;
}): string | undefined {
  const { answer, choices } = problem;
  return choices !== undefined && chosenLetter(answer, choices) === undefined
    ? "its answer names none of its choices, or more than one"
    : undefined;
}

/** Without markup, case and double spaces. */
export function plainText(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/\\(?:text|textbf|mathrm|mathbf|mbox)\s*\{([^{}]*)\}/g, "$1")
    .replace(/\*\*|__|`|\$|^["'“”]+|["'“”]+$/g, "")
    .replace(/\s+/g, " ")
    .trim()
    .replace(/[.!]+$/, "")
    .toLowerCase();
}
