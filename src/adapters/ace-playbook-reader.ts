import * as z from "zod";
import { BehaviorName, behaviorText, withPrefix } from "../model/behavior.ts";
import { cleanText } from "../model/text.ts";
import { faultsOf, type Refused } from "./import-faults.ts";

/** An item of a playbook as a behavior. */
const AceBehavior = z.strictObject({
  name: BehaviorName,
  instruction: behaviorText.instruction,
  when: behaviorText.when,
  keywords: behaviorText.keywords,
  topic: behaviorText.topic,
});
export type AceBehavior = z.infer<typeof AceBehavior>;

const HEADING = /^#{1,6}\s+(.*\S)/;
const ITEM = /^\[([A-Za-z][\w-]*)\]\s+(?:helpful=\d+\s+harmful=\d+\s*::\s*)?(.*)$/;
const NUMBERED_ITEM = /^\[[A-Za-z]\w*-\d+\]\s/;
const COUNTED_ITEM = /^\[[A-Za-z][\w-]*\]\s+helpful=\d+\s+harmful=\d+\s*::/;

/** Whether the beginning of a text looks like a playbook. Log lines begin with brackets too, but stand under no heading. */
export function isAcePlaybook(lines: readonly string[]): boolean {
  const heading = lines.findIndex((line) => HEADING.test(line));
  return (
    lines.some((line) => COUNTED_ITEM.test(line)) ||
    (heading !== -1 && lines.slice(heading).some((line) => NUMBERED_ITEM.test(line)))
  );
}

/**
 * Reads a playbook of ACE (Agentic Context Engineering, arXiv:2510.04618): each item becomes a behavior, its section
 * the topic. The same text always gives the same names.
 *
 * The items' helpful and harmful counts are left out: they are another system's measure on other tasks.
 */
export function readAcePlaybook(text: string): { behaviors: AceBehavior[]; refused: Refused[] } {
  const behaviors: AceBehavior[] = [];
  const refused: Refused[] = [];
  const names = new Set<string>();
  for (const { line, id, section, instruction } of items(text, refused)) {
    const name = freeName(names, telling(instruction) || telling(id) || "item");
    const topic = section.toLowerCase();
    const parsed = AceBehavior.safeParse({ name, instruction, topic: topic || undefined });
    if (parsed.success) {
      behaviors.push(parsed.data);
      names.add(name);
    } else {
      refused.push({ place: `line ${line}`, reason: faultsOf(parsed.error) });
    }
  }
  return { behaviors, refused };
}

interface Item {
  line: number;
  id: string;
  section: string;
  instruction: string;
}

/** A line that is neither heading nor item goes on with the item above it: code snippets take several. */
function items(text: string, refused: Refused[]): Item[] {
  const found: Item[] = [];
  let section = "";
  let open: Item | undefined;
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = cleanText(raw);
    const heading = HEADING.exec(line);
    const item = ITEM.exec(line);
    const isItem = item !== null && (NUMBERED_ITEM.test(line) || COUNTED_ITEM.test(line));
    if (isItem) {
      open = { line: i + 1, id: item[1] ?? "", section, instruction: item[2] ?? "" };
      found.push(open);
    } else if (heading !== null && !isInCode(open)) {
      section = heading[1]?.replace(/\s*:$/, "") ?? "";
      open = undefined;
    } else if (open !== undefined) {
      open.instruction += `\n${line}`;
    } else if (line.trim() !== "") {
      refused.push({ place: `line ${i + 1}`, reason: "belongs to no item" });
    }
  }
  return found.map((item) => ({ ...item, instruction: item.instruction.trim() }));
}

/** Whether a fenced block of the item is still open: a line with # is a comment then. */
function isInCode(item: Item | undefined): boolean {
  return item !== undefined && (item.instruction.match(/^\s*```\w*\s*$/gm)?.length ?? 0) % 2 === 1;
}

const WORDS = 6;
const MAX_STEM = 80 - "behavior_".length;
// Words that open advice without saying what it is about.
const NOT_TELLING = new Set(
  (
    "about again all also always an and any are as at be because been before but by can could do does ensure for " +
    "from had has have how if in into is it its make may me must my never not of on only or other our remember " +
    "should so such sure than that the their them then there these they this those to under up use using want was " +
    "we were what when whenever where whether which while who will with would you your"
  ).split(" "),
);

/** The first telling words, in snake_case; empty when the text has no Latin letters or digits. */
function telling(text: string): string {
  const words = text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  const kept = (words ?? []).filter((word) => /../.test(word) && !NOT_TELLING.has(word)).slice(0, WORDS);
  return kept
    .reduce((stem, word) => (stem.length + word.length <= MAX_STEM ? `${stem}_${word}` : stem), "")
    .slice(1);
}

function freeName(taken: ReadonlySet<string>, stem: string): string {
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? "" : `_${n}`;
    const name = withPrefix(stem.slice(0, MAX_STEM - suffix.length).replace(/_$/, "") + suffix);
    if (!taken.has(name)) return name;
  }
}
