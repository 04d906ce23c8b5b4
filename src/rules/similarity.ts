import { terms } from "./terms.ts";

/** Words that turn an instruction around. "Instead of" and "without" are left out: they only say what to replace. */
const NEGATION = /\b(?:not|never|avoid|don't|doesn't|cannot|unless)\b/i;

/** snake_case, camelCase, or a name right before its arguments; "file(s)" is a word. */
const IDENTIFIER = /[A-Za-z]\w*_\w+|\b[a-z]+\d*[A-Z]\w*|\b[A-Za-z]\w+(?=\((?!e?s\)))/g;

/** Words of which one makes the opposite of what the other makes, with the forms that have a stem of their own. */
const OPPOSITES = [
  ["newest", "oldest"],
  ["most", "least"],
  ["min minimum minimize", "max maximum maximize"],
  ["before", "after"],
  ["increase", "decrease"],
  ["highest", "lowest"],
  ["upper", "lower"],
  ["longest", "shortest"],
  ["even", "odd"],
  ["encode", "decode"],
  ["first", "last"],
  ["ascending", "descending"],
  ["add adding", "remove"],
  ["sum", "difference"],
].map(([one = "", other = ""]) => [new Set(terms(one)), new Set(terms(other))] as const);

/**
 * Share of terms that two instructions have in common (Jaccard over distinct stems), 0 to 1; 0 when they share words
 * but cannot mean the same: only one negates, each names an identifier that the other does not, or they differ in
 * a pair of opposites.
 */
export function similarity(a: string, b: string): number {
  const left = new Set(terms(a));
  const right = new Set(terms(b));
  if (NEGATION.test(a) !== NEGATION.test(b) || opposed(left, right) || namesOthers(a, b)) return 0;
  const shared = left.intersection(right).size;
  const all = left.size + right.size - shared;
  return all === 0 ? 0 : shared / all;
}

/** Share of the terms of `part` that stand in `whole`, 0 to 1. */
export function coverage(part: string, whole: string): number {
  const wanted = new Set(terms(part));
  return wanted.size === 0 ? 1 : wanted.intersection(new Set(terms(whole))).size / wanted.size;
}

/** True when one text has only one side of a pair of opposites and the other text only the other side. */
function opposed(a: Set<string>, b: Set<string>): boolean {
  const isOnly = (text: Set<string>, one: Set<string>, other: Set<string>) =>
    !text.isDisjointFrom(one) && text.isDisjointFrom(other);
  return OPPOSITES.some(
    ([one, other]) =>
      (isOnly(a, one, other) && isOnly(b, other, one)) || (isOnly(a, other, one) && isOnly(b, one, other)),
  );
}

function namesOthers(a: string, b: string): boolean {
  const left = new Set(a.match(IDENTIFIER));
  const right = new Set(b.match(IDENTIFIER));
  return !left.isSubsetOf(right) && !right.isSubsetOf(left);
}
