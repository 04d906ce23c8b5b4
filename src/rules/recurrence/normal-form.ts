import { isTerm, stem, words } from "../terms.ts";

// Words that join steps: they say where in the reasoning a step stands, not what it does.
const JOINTS = new Set(
  (
    "actually again ah alright alternatively back become becomes case don final finally first follow following follows get gets give " +
    "gives giving great have hence here hmm indeed instead know ll maybe mean means moreover need needs next now obtain obtained obtains " +
    "oh ok okay once perhaps re really right second similarly since something step steps still sure then therefore third thus tool try up ve " +
    "wait want wants well yes yet yield yields"
  ).split(" "),
);

/** The capitalized words of a task that do not begin a sentence: its persons, places and points. */
export function namesOf(task: string): Set<string> {
  return new Set(
    task.matchAll(/(?<=[\p{L}\p{N},;)]["”]? +["“(]?|\$)\p{Lu}[\p{L}\p{N}]*/gu).map(([name]) => name),
  );
}

// With a digit, an operator or an underscore it is a number, a formula or an identifier; a letter alone is a variable.
const FORMULA = /[\p{N}=+*^<>\\_{}|~≤≥×÷√π°%\uE000]/u;
const TWO_LETTERS = /\p{L}.*\p{L}/su;
const LONGEST_WORD = 60; // characters; what is longer is data

function isAbstract(token: string): boolean {
  return token.length > LONGEST_WORD || FORMULA.test(token) || !TWO_LETTERS.test(token);
}

/**
 * The terms that say what a step does, in order: stems without stop words, numbers, formulas, identifiers, quotations, the
 * names of the task and words that only join, so that the same step of two problems reads the same.
 */
export function normalForm(sentence: string, names: ReadonlySet<string>): string[] {
  const kept = sentence.split(/\s+/u).filter((token) => !isAbstract(token) && !names.has(bare(token)));
  return words(kept.join(" "))
    .filter((word) => isTerm(word) && !JOINTS.has(word))
    .map(stem);
}

function bare(token: string): string {
  return token.replace(/^\P{L}+|(?:['’]s)?[^\p{L}\p{N}]*$/gu, "");
}
