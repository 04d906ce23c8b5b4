import { plainTokens } from "./plain-problem.ts";

/** A problem of the test set that a text holds, and how much of it, 0 to 1. */
export interface Leak {
  /** Its place among the problems that were given. */
  problem: number;
  score: number;
}

/**
 * From which share on a text holds a problem of so many tokens: the fewer there are, the likelier another problem has them
 * too. This and `SAME_PROBLEM` were measured on MATH-500 and AIME: docs/training.md.
 */
function heldFrom(tokens: number): number {
  return 0.55 + 0.25 * Math.max(0, 1 - tokens / 24);
}

/** From which agreement on two problems are one, told in other words and another order. */
const SAME_PROBLEM = 0.65;

/**
 * Makes a finder of the problem of a test set that a text is or holds, in the same words or lightly reworded. It looks in
 * two ways, both with tokens and pairs of neighbors weighted by how rare they are in the test set, and both times the
 * share of the test problem's numbers that the text has, because problems of one pattern differ in little else.
 *
 * Held: the share of the test problem that stands in one place of the text, of its pairs (2 parts) and its tokens (1 part).
 * It finds a problem inside a longer text. Same: the harmonic mean of the shares of tokens that each has of the other, in
 * whatever order, of the text or of one of its paragraphs. It finds one whose sentences were turned round.
 */
export function leakFinder(problems: readonly string[]): (text: string) => Leak | undefined {
  const tests = problems.map((problem) => plainTokens(problem));
  const holders = new Map<string, number[]>();
  for (const [i, tokens] of tests.entries())
    for (const feature of features(tokens)) {
      const known = holders.get(feature);
      if (known === undefined) holders.set(feature, [i]);
      else known.push(i);
    }
  const weight = (feature: string) => Math.log(1 + problems.length / (holders.get(feature)?.length ?? 1));
  const whole = tests.map((tokens) => amount(features(tokens), weight));
  const sharedWith = (found: ReadonlySet<string>, problem: number) =>
    amount(features(tests[problem] ?? []).intersection(found), weight);

  const heldScore = (found: ReadonlySet<string>, problem: number) => {
    const shared = sharedWith(found, problem);
    const all = whole[problem] ?? shared;
    if (all.pairs === 0) return 0; // a single word stands in many texts
    return (
      ((share(shared.tokens, all.tokens) + 2 * share(shared.pairs, all.pairs)) / 3) *
      share(shared.numbers, all.numbers)
    );
  };
  const sameScore = (found: ReadonlySet<string>, mine: Amount, problem: number) => {
    const shared = sharedWith(found, problem);
    const all = whole[problem] ?? shared;
    const agreement = (2 * shared.tokens) / (all.tokens + mine.tokens || 1);
    return agreement * share(shared.numbers, all.numbers) * share(shared.numbers, mine.numbers);
  };

  const counts = new Uint32Array(problems.length);
  const candidates = (found: ReadonlySet<string>) => {
    counts.fill(0);
    for (const feature of found)
      for (const problem of holders.get(feature) ?? []) counts[problem] = (counts[problem] ?? 0) + 1;
    const near: number[] = [];
    for (let problem = 0; problem < counts.length; problem++) {
      const shared = counts[problem] ?? 0;
      if (shared > 0 && shared >= (tests[problem]?.length ?? 0) / 2) near.push(problem);
    }
    return near;
  };

  return (text) => {
    let best: Leak | undefined;
    const take = (problem: number, score: number, least: number) => {
      if (score >= least && score > (best?.score ?? 0)) best = { problem, score };
    };
    const tokens = plainTokens(text);
    const found = features(tokens);
    for (const problem of candidates(found)) {
      const length = tests[problem]?.length ?? 0;
      const least = heldFrom(length);
      // The whole text has at least what one place of it has.
      if (heldScore(found, problem) < least) continue;
      const place = Math.ceil(length * 1.5) + 12;
      for (let at = 0; ; at += Math.ceil(place / 4)) {
        take(problem, heldScore(features(tokens.slice(at, at + place)), problem), least);
        if (at + place >= tokens.length) break;
      }
    }
    for (const part of new Set([text, ...text.split(/\n\s*\n/)])) {
      const here = features(plainTokens(part));
      const mine = amount(here, weight);
      for (const problem of candidates(here)) take(problem, sameScore(here, mine, problem), SAME_PROBLEM);
    }
    return best;
  };
}

interface Amount {
  tokens: number;
  pairs: number;
  /** Distinct ones but 1, which is also a pronoun. */
  numbers: number;
}

function amount(found: Iterable<string>, weight: (feature: string) => number): Amount {
  const sum: Amount = { tokens: 0, pairs: 0, numbers: 0 };
  for (const feature of found) {
    if (feature.includes(" ")) sum.pairs += weight(feature);
    else sum.tokens += weight(feature);
    if (/^[\d.]+$/.test(feature) && feature !== "1") sum.numbers++;
  }
  return sum;
}

function share(part: number, whole: number): number {
  return whole === 0 ? 1 : part / whole;
}

/** The distinct tokens, and the distinct pairs of neighbors. */
function features(tokens: readonly string[]): Set<string> {
  const found = new Set(tokens);
  for (let i = 1; i < tokens.length; i++) found.add(`${tokens[i - 1]} ${tokens[i]}`);
  return found;
}
