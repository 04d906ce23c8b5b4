import { MAX_LEARNED_INSTRUCTION } from "../../model/behavior.ts";
import { cleanText } from "../../model/text.ts";
import { freeName, snakeCase } from "./behavior-naming.ts";
import { faultsOf, type Refused } from "./import-faults.ts";
import { cut, detailOf, ImportedBehavior, instructionOf, sentencesOf } from "./imported-behavior.ts";

const TEMPLATE = /^###\s+Problem Type\s+(\d+)\s*:\s*(.+)$/gm;

/** Whether a text holds thought-templates of a Buffer of Thoughts. */
export function isThoughtTemplates(head: string): boolean {
  return /^###\s+Problem Type\s+\d+\s*:/m.test(head) && /^\*\*Definition\*\*/m.test(head);
}

/**
 * Reads the meta-buffer of Buffer of Thoughts (arXiv:2406.04271): of each template the solution strategy becomes the
 * instruction, the definition the situation, and the whole template the long form.
 */
export function readThoughtTemplates(text: string): { behaviors: ImportedBehavior[]; refused: Refused[] } {
  const buffer = cleanText(text.replaceAll("\r\n", "\n"));
  const topic = /^#\s+MetaBuffer-(\w+)/m.exec(buffer)?.[1]?.toLowerCase();
  const headings = [...buffer.matchAll(TEMPLATE)];
  const behaviors: ImportedBehavior[] = [];
  const refused: Refused[] = [];
  const names = new Set<string>();
  for (const [i, heading] of headings.entries()) {
    const [line = "", number = "", title = ""] = heading;
    const body = buffer
      .slice(heading.index + line.length, headings[i + 1]?.index)
      .replace(/\n---\s*$/, "")
      .trim();
    const name = freeName(names, snakeCase(title) || `problem_type_${number}`);
    const strategy = part(body, "Solution Strategy");
    const relations = part(body, "Quantitative Relationships")
      .replace(/\s*\n(?:\s*- )?\s*/g, "; ")
      .replace(/^- /, "")
      .replaceAll(":; ", ": ")
      .replace(/[^.]$/, "$&.");
    // Many strategies only say to use the formulas above, which are the point then.
    const isIncomplete = strategy === "" || /\bformulas?\b/i.test(strategy);
    const parsed = ImportedBehavior.safeParse({
      name,
      instruction: isIncomplete
        ? cut([...sentencesOf(relations), ...sentencesOf(strategy)].join(" "), MAX_LEARNED_INSTRUCTION)
        : instructionOf(sentencesOf(strategy)),
      when: cut(sentencesOf(part(body, "Definition")).join(" "), 500),
      keywords: [title.trim().toLowerCase().slice(0, 60)],
      ...(topic !== undefined && { topic }),
      detail: detailOf(body),
      source: `Buffer of Thoughts, problem type ${number}`,
    });
    if (parsed.success) {
      behaviors.push(parsed.data);
      names.add(name);
    } else refused.push({ place: `problem type ${number}`, reason: faultsOf(parsed.error) });
  }
  return { behaviors, refused };
}

/** What stands under a bold label, up to the next label at the beginning of a line. */
function part(body: string, label: string): string {
  const found = new RegExp(
    `^\\*\\*${label}\\*\\*:?([\\s\\S]*?)(?=^\\*\\*[A-Z][\\w ]*\\*\\*:|^#|(?![\\s\\S]))`,
    "m",
  ).exec(body);
  return found?.[1]?.trim() ?? "";
}
