import * as z from "zod";
import { BehaviorName, behaviorText, Provenance } from "../../model/behavior.ts";
import { cleanText } from "../../model/text.ts";
import { freeName, tellingWords } from "./behavior-naming.ts";
import { faultsOf, type Refused } from "./import-faults.ts";

/** An item of a playbook as a behavior. */
const AceBehavior = z.strictObject({
  name: BehaviorName,
  instruction: behaviorText.instruction,
  when: behaviorText.when,
  keywords: behaviorText.keywords,
  topic: behaviorText.topic,
  source: Provenance.shape.source,
});
export type AceBehavior = z.infer<typeof AceBehavior>;

const HEADING = /^#{1,6}\s+(.*\S)/;
const ITEM = /^\[([A-Za-z][\w-]*)\]\s+(?:helpful=(\d+)\s+harmful=(\d+)\s*::\s*)?(.*)$/;
const NUMBERED_ITEM = /^\[[A-Za-z]\w*-\d+\]\s/;
const FENCE = /^\s*```\w*\s*$/;
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
 * the topic. The same text always gives the same names. The items' helpful and harmful counts are kept in their source
 * only: they are another system's measure on other tasks.
 */
export function readAcePlaybook(text: string): { behaviors: AceBehavior[]; refused: Refused[] } {
  const behaviors: AceBehavior[] = [];
  const refused: Refused[] = [];
  const names = new Set<string>();
  for (const { line, id, counts, section, instruction } of items(text, refused)) {
    const name = freeName(names, tellingWords(instruction) || tellingWords(id) || "item");
    const topic = section.toLowerCase();
    const parsed = AceBehavior.safeParse({
      name,
      instruction,
      topic: topic || undefined,
      source: `ACE playbook, item ${id.slice(0, 60)}${counts}`,
    });
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
  /** What ACE counted for it, where it says so. */
  counts: string;
  section: string;
  instruction: string;
}

/** A line that is neither heading nor item goes on with the item above it: code snippets take several. */
function items(text: string, refused: Refused[]): Item[] {
  const found: Item[] = [];
  let section = "";
  let open: Item | undefined;
  let isInCode = false; // a line with # is a comment then
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = cleanText(raw);
    const heading = HEADING.exec(line);
    const item = ITEM.exec(line);
    const isItem = item !== null && (NUMBERED_ITEM.test(line) || COUNTED_ITEM.test(line));
    if (isItem) {
      const [, id = "", helpful, harmful, instruction = ""] = item;
      const counts = helpful === undefined ? "" : `: helpful ${helpful}, harmful ${harmful}`;
      open = { line: i + 1, id, counts, section, instruction };
      isInCode = false;
      found.push(open);
    } else if (heading !== null && !isInCode) {
      section = heading[1]?.replace(/\s*:$/, "") ?? "";
      open = undefined;
    } else if (open !== undefined) {
      if (FENCE.test(line)) isInCode = !isInCode;
      open.instruction += `\n${line}`;
    } else if (line.trim() !== "") {
      refused.push({ place: `line ${i + 1}`, reason: "belongs to no item" });
    }
  }
  return found.map((item) => ({ ...item, instruction: item.instruction.trim() }));
}
