import { wordWeight } from "../common-words.ts";
import { pairs, terms, words } from "../terms.ts";
import { actionsOf, withoutPurpose } from "./actions.ts";
import { namesOf, normalForm } from "./normal-form.ts";
import { type Step, stepsOf } from "./steps.ts";

/** A step that tells how something is done: one that could be a behavior. */
export interface Procedure extends Pick<Step, "text" | "at"> {
  /** Its normal form, in order, repeats included. */
  terms: string[];
  actions: Set<string>;
}

/**
 * What a step must tell, in words that tell all there is to tell (`wordWeight`): more than two, for "solve the equation" and
 * "substitute into the expression" are in every solution. Two that name a theorem or a tool are enough.
 */
const LEAST_INFORMATION = 2.05;
const LEAST_WHERE_NAMED = 1.8;
/** A step is the task's own words when it has these shares of its pairs, or of its terms, from there. */
const QUOTED_PAIRS = 0.5;
const QUOTED_TERMS = 0.75;

/** The steps of a trace that tell how something is done, without filler and without what repeats the task. */
export function proceduresOf(task: string, reasoning: string): Procedure[] {
  const names = namesOf(task);
  const asked = terms(task);
  const quotes = [new Set(asked), new Set(pairs(asked))] as const;
  const found: Procedure[] = [];
  for (const step of stepsOf(reasoning)) {
    const said = withoutPurpose(step.words);
    const actions = actionsOf(said);
    if (actions.size === 0) continue;
    const form = normalForm(said, names);
    const isNamed = actions.has("recall") || actions.values().some((action) => action.startsWith("tool "));
    if (information(form) < (isNamed ? LEAST_WHERE_NAMED : LEAST_INFORMATION) || isQuotation(form, quotes))
      continue;
    found.push({ text: step.text, at: step.at, terms: form, actions });
  }
  return found;
}

/** What identifies a problem: the words of its task, however they are set. */
export function problemOf(task: string): string {
  return words(task).join(" ") || task.trim();
}

function information(form: readonly string[]): number {
  return new Set(form).values().reduce((sum, term) => sum + wordWeight(term), 0);
}

function isQuotation(
  form: readonly string[],
  [asked, askedPairs]: readonly [Set<string>, Set<string>],
): boolean {
  const share = (parts: readonly string[], whole: Set<string>) =>
    parts.filter((part) => whole.has(part)).length / Math.max(1, parts.length);
  return share([...new Set(form)], asked) > QUOTED_TERMS || share(pairs(form), askedPairs) >= QUOTED_PAIRS;
}
