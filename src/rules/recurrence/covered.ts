import { type Behavior, behaviorId } from "../../model/behavior.ts";
import { wordWeight } from "../common-words.ts";
import { SAME } from "../curation.ts";
import { actionsOf } from "./actions.ts";
import { normalForm } from "./normal-form.ts";
import { stepsOf } from "./steps.ts";

const NO_NAMES = new Set<string>();

/**
 * The behavior that already tells a step: the first of those that fit it whose name, or one sentence of whose instruction
 * that does the same, says `SAME` of what the step says, each term by how much it tells (`wordWeight`). A sentence, since
 * a whole instruction holds the few words of a step by chance. Undefined when none does.
 */
export function coveredBy(
  { terms, actions }: { terms: readonly string[]; actions: readonly string[] },
  fitting: readonly Behavior[],
): string | undefined {
  const wanted = new Set(terms);
  const isSaid = (sentence: string) =>
    weight(wanted.intersection(new Set(normalForm(sentence, NO_NAMES)))) >= SAME * weight(wanted);
  const covering = fitting.find(
    ({ name, instruction }) =>
      isSaid(name.replaceAll("_", " ")) ||
      stepsOf(instruction).some(
        ({ words }) => isSaid(words) && !actionsOf(words).isDisjointFrom(new Set(actions)),
      ),
  );
  return covering && behaviorId(covering);
}

function weight(terms: Iterable<string>): number {
  return [...terms].reduce((sum, term) => sum + wordWeight(term), 0);
}
