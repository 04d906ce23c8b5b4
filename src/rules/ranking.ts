import { type Behavior, behaviorId, isServable } from "../model/behavior.ts";
import type { Hit } from "../ports.ts";
import { SAME } from "./curation.ts";
import { similarity } from "./similarity.ts";
import { terms } from "./terms.ts";

/**
 * When even the best behavior fits less than this, none has to do with the task. Chosen where tasks that have an answer lose
 * less than one in two hundred of them: docs/decisions/0004 has the curve.
 */
const MIN_FIT = 0.06;

/** Below this share of the best one's odds, 15 % of its score, a behavior is the tail that any task drags along. */
const TAIL = 0.15 ** 3;

/** The hits that have to do with the task, in their order; all of them when everything of a topic was asked for. */
export function fitting(hits: readonly Hit[], wholeTopic: boolean): Hit[] {
  if (wholeTopic) return [...hits];
  const best = Math.max(0, ...hits.map(({ fit }) => fit));
  if (best < MIN_FIT) return [];
  return hits.filter(({ fit }) => odds(fit) >= TAIL * odds(best));
}

function odds(probability: number): number {
  return probability / (1 - probability);
}

export interface Ranked {
  behavior: Behavior;
  score: number;
}

export interface RankingOptions {
  /** The handbook that was asked; its own behavior hides one of the same name in a starter. */
  handbook: string;
  /** Names that the agent has already. */
  alreadyHave: readonly string[];
  limit: number;
  /** Everything of a topic was asked for, twins too. */
  wholeTopic?: boolean | undefined;
}

/**
 * The behaviors to serve, best first: servable, one per name, none that says what a better one says, at most `limit`.
 * The order of `hits` is kept, so equal inputs give equal lists and a client's prompt cache can hit.
 */
export function rank(
  hits: readonly Hit[],
  behaviors: readonly Behavior[],
  options: RankingOptions,
): Ranked[] {
  const current = new Map(behaviors.map((behavior) => [behaviorId(behavior), behavior]));
  const own = new Set(
    behaviors.filter((b) => b.handbook === options.handbook && isServable(b.status)).map((b) => b.name),
  );
  const seen = new Set(options.alreadyHave);
  const ranked: Ranked[] = [];
  const told: Told[] = [];
  for (const { handbook, name, score } of hits) {
    if (ranked.length >= options.limit) break;
    const behavior = current.get(behaviorId({ handbook, name }));
    if (behavior === undefined || !isServable(behavior.status) || seen.has(name)) continue;
    if (handbook !== options.handbook && own.has(name)) continue;
    const said = { instruction: behavior.instruction, terms: termsOf(behavior.instruction) };
    if (!options.wholeTopic && told.some((other) => areTwins(said, other))) continue;
    told.push(said);
    seen.add(name);
    ranked.push({ behavior, score });
  }
  return ranked;
}

interface Told {
  instruction: string;
  terms: Set<string>;
}

/** Whether two instructions say the same. Their terms alone decide most pairs, at the first few that are not shared. */
function areTwins(a: Told, b: Told): boolean {
  const [few, many] = a.terms.size < b.terms.size ? [a.terms, b.terms] : [b.terms, a.terms];
  const needed = (SAME / (1 + SAME)) * (few.size + many.size); // shared, for a Jaccard similarity of SAME
  let spare = few.size - needed + 1e-9;
  if (spare < 0) return false;
  for (const term of few) if (!many.has(term) && --spare < 0) return false;
  return similarity(a.instruction, b.instruction) >= SAME;
}

// The same few behaviors are ranked again and again.
const TERMS = new Map<string, Set<string>>();
const MAX_TERMS = 2000;

function termsOf(instruction: string): Set<string> {
  const known = TERMS.get(instruction);
  if (known !== undefined) return known;
  if (TERMS.size >= MAX_TERMS) TERMS.clear();
  const made = new Set(terms(instruction));
  TERMS.set(instruction, made);
  return made;
}

/** As many of the ranked behaviors, from the first on, as fit into `budget` tokens; later smaller ones may fill up. */
export function withinBudget<T>(ranked: readonly T[], tokens: readonly number[], budget: number): T[] {
  let left = budget;
  return ranked.filter((_, place) => {
    const cost = tokens[place] ?? 0;
    if (cost > left) return false;
    left -= cost;
    return true;
  });
}
