import { type Behavior, behaviorId } from "../../model/behavior.ts";
import { wordWeight } from "../common-words.ts";
import { SAME } from "../curation.ts";
import { terms } from "../terms.ts";

/**
 * The behavior that already tells a step: the first of those that fit it which says `SAME` of what the step says, each term
 * by how much it tells (`wordWeight`). Undefined when none does.
 */
export function coveredBy(step: readonly string[], fitting: readonly Behavior[]): string | undefined {
  const wanted = new Set(step);
  const weight = (found: Iterable<string>) => [...found].reduce((sum, term) => sum + wordWeight(term), 0);
  const covering = fitting.find(({ name, when, instruction, keywords }) => {
    const told = new Set(terms([name.replaceAll("_", " "), when, instruction, ...keywords].join(" ")));
    return weight(wanted.intersection(told)) >= SAME * weight(wanted);
  });
  return covering && behaviorId(covering);
}
