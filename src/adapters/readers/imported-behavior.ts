import * as z from "zod";
import {
  BehaviorName,
  behaviorText,
  MAX_DETAIL,
  MAX_LEARNED_INSTRUCTION,
  Provenance,
} from "../../model/behavior.ts";

/** A behavior as a foreign file gave it, with where it is from. */
export const ImportedBehavior = z.strictObject({
  name: BehaviorName,
  ...behaviorText,
  source: Provenance.shape.source,
});
export type ImportedBehavior = z.infer<typeof ImportedBehavior>;

const SENTENCES = 3;

/** The sentences of a text, white space made single and emphasis taken off. */
export function sentencesOf(text: string): string[] {
  return text
    .replace(/\*\*|__/g, "")
    .replace(/\s+/g, " ")
    .trim()
    .split(/(?<=[.!?])\s+(?=[A-Z"'(`*\d])/)
    .filter((sentence) => sentence !== "");
}

/** The first sentences, as long as an instruction may be; of the first one at least a part. */
export function instructionOf(sentences: readonly string[]): string {
  const [first = ""] = sentences;
  let text = cut(first, MAX_LEARNED_INSTRUCTION);
  for (const sentence of sentences.slice(1, SENTENCES)) {
    if (text.length + 1 + sentence.length > MAX_LEARNED_INSTRUCTION) break;
    text += ` ${sentence}`;
  }
  return text;
}

/** The text up to a limit, cut between words. */
export function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 2).replace(/\s+\S*$/, "")} …`;
}

/** A long form within its limit, cut between lines. */
export function detailOf(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length <= MAX_DETAIL) return trimmed || undefined;
  const note = "\n\n[The rest was too long for a detail.]";
  return trimmed.slice(0, MAX_DETAIL - note.length).replace(/\n[^\n]*$/, "") + note;
}
