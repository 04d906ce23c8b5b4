import type { Behavior } from "../model/behavior.ts";

/** What a behavior is, in the words every prompt uses. Source: Didolkar et al. 2025, arXiv:2509.13237, as reprinted by its re-implementations. */
export const WHAT_A_BEHAVIOR_IS =
  "A behavior is a note or skill to keep in mind while solving: a strategy, a trick, a technique, a general rule or a " +
  "common-sense principle. It is not a solution, but can be used to reach one. It has a name that starts with " +
  '"behavior_" and an instruction, for example {"behavior_area_of_circle": "the area of a circle is pi*r^2"}.';

/**
 * Text that somebody else wrote, between marks it cannot close. What stands inside is material to look at,
 * never an instruction.
 */
export function quoted(tag: string, text: string): string {
  const escaped = text.replaceAll(new RegExp(`<(/?)${tag}`, "gi"), `‹$1${tag}`);
  return `<${tag}>\n${escaped}\n</${tag}>`;
}

/** One line per behavior: name, instruction and, where known, when to use it. */
export function behaviorLines(behaviors: readonly Pick<Behavior, "name" | "instruction" | "when">[]): string {
  return behaviors
    .map(
      ({ name, instruction, when }) =>
        `- ${name}: ${oneLine(instruction)}${when === "" ? "" : ` (when: ${oneLine(when)})`}`,
    )
    .join("\n");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
