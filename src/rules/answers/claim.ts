import { type NormalForm, normalForm } from "./normal-form.ts";
import { rational, sameRational } from "./rational.ts";
import { membersOf, type Shape, shapeOf } from "./shape.ts";

/** Two formulas of which a computer algebra is to say whether they are equal. */
export type Pair = readonly [string, string];

/** What has to hold for an answer to be right: known already, or hanging on pairs of formulas. */
export type Claim = boolean | { same: Pair } | { all: readonly Claim[] } | { any: readonly Claim[] };

const MAX_LENGTH = 2000; // characters; no answer that people wrote down is as long
const MAX_MEMBERS = 40; // of a list without an order each is compared with each

/**
 * What it takes for two answers in mathematics to be the same. Equal normal forms are; sets, and lists without
 * brackets, match in any order, with `±` standing for two members; tuples, intervals and matrices match member by
 * member, brackets included; a name before the value (`x = 5`, `x \in [0, 1]`) may be missing on one side; numbers are
 * compared exactly, and a percentage or an angle in degrees also by its value. Words match as words only.
 */
export function claimOf(gold: string, answer: string): Claim {
  if (gold.trim() === answer.trim()) return gold.trim() !== "";
  if (Math.max(gold.length, answer.length) > MAX_LENGTH) return false;
  const [wanted, given] = [normalForm(gold), normalForm(answer)];
  if (wanted.latex === "" || given.latex === "") return false;
  if (wanted.latex === given.latex) return true;
  return sameShape(shapeOf(wanted.latex), shapeOf(given.latex), {
    percent: wanted.percent !== given.percent,
    degrees: wanted.degrees !== given.degrees,
  });
}

type Scales = Pick<NormalForm, "percent" | "degrees">;
const PLAIN: Scales = { percent: false, degrees: false };

function sameShape(wanted: Shape, given: Shape, scales: Scales): Claim {
  if (wanted.kind !== given.kind) {
    const [one, other] = [unnamed(wanted), unnamed(given)];
    return one === wanted && other === given ? false : sameShape(one, other, scales);
  }
  if (wanted.kind === "formula") return sameFormula(wanted.latex, (given as typeof wanted).latex, scales);
  if (wanted.kind === "ordered" && wanted.brackets !== (given as typeof wanted).brackets) return false;
  const [mine, theirs] = [membersOf(wanted), membersOf(given)];
  if (mine.length !== theirs.length || mine.length > MAX_MEMBERS) return false;
  if (wanted.kind === "ordered")
    return all(mine.map((member, i) => sameShape(member, theirs[i] ?? member, PLAIN)));
  const found = (one: Shape, among: readonly Shape[]) =>
    any(among.map((other) => sameShape(one, other, PLAIN)));
  return all([...mine.map((one) => found(one, theirs)), ...theirs.map((one) => found(one, mine))]);
}

/** A name before a value: `x=`, `f(x)=`, `x\in`. */
const NAME = /^(\\?[a-zA-Z]+(?:_\w+)?(?:\([a-zA-Z]\))?)(?:=|\\in(?![a-zA-Z])\s*)(?!.*=)(.+)$/;

function unnamed(shape: Shape): Shape {
  const value = shape.kind === "formula" ? NAME.exec(shape.latex)?.[2] : undefined;
  return value === undefined ? shape : shapeOf(value);
}

const WORD = /(?<![\\a-zA-Z])[a-zA-Z]{3,}|^(?:[A-Z][a-z]|no|up)$/; // "No" is no product
const BASE = /^(\d+)_(\d+)$/;

function sameFormula(wanted: string, given: string, scales: Scales): Claim {
  if (wanted === given) return true;
  const isEquation = (latex: string) => latex.includes("=") && !NAME.test(latex);
  if (NAME.test(wanted) !== NAME.test(given) && !isEquation(wanted) && !isEquation(given))
    return sameShape(unnamed(shapeOf(wanted)), unnamed(shapeOf(given)), scales);
  if (WORD.test(wanted) || WORD.test(given)) return words(wanted) === words(given);
  const [based, otherBased] = [BASE.exec(wanted), BASE.exec(given)];
  if (based !== null || otherBased !== null)
    return (based?.[1] ?? wanted) === (otherBased?.[1] ?? given) && (based === null || otherBased === null);
  const [a, b] = [rational(wanted), rational(given)];
  if (a !== undefined && b !== undefined) {
    return sameRational(a, b) || (scales.percent && (sameRational(a, b, 100n) || sameRational(b, a, 100n)));
  }
  const same: Claim = { same: [wanted, given] };
  return scales.degrees
    ? any([
        same,
        { same: [`(${wanted})\\frac{\\pi}{180}`, given] },
        { same: [wanted, `(${given})\\frac{\\pi}{180}`] },
      ])
    : same;
}

function words(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .replace(/^(?:the|an?) /, "")
    .trim();
}

function all(claims: readonly Claim[]): Claim {
  if (claims.includes(false)) return false;
  const open = claims.filter((claim) => claim !== true);
  return open.length === 0 ? true : { all: open };
}

function any(claims: readonly Claim[]): Claim {
  if (claims.includes(true)) return true;
  const open = claims.filter((claim) => claim !== false);
  return open.length === 0 ? false : { any: open };
}
