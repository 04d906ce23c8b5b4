import * as z from "zod";
import { cleanText } from "../../model/text.ts";
import { freeName, snakeCase, tellingWords } from "./behavior-naming.ts";
import { badFile, faultsOf, type Refused } from "./import-faults.ts";
import type { Line } from "./import-file.ts";
import { cut, detailOf, ImportedBehavior, instructionOf, sentencesOf } from "./imported-behavior.ts";

const ITEM = /<memory_item>([\s\S]*?)(?=<memory_item>|$)/g;
const SECTION = /^[A-Z][A-Z ,&/-]{8,}$/gm;
/** What a model writes that rewrites its whole memory and spares itself the old text. */
const LOST =
  /\[[^[\]\n]*(?:previous|existing|same|unchanged)[^[\]\n]*(?:preserved|content|unchanged|above)[^[\]\n]*\]/i;

/** Whether a text is the memory of a Dynamic Cheatsheet. */
export function isCheatsheet(head: string): boolean {
  return /<memory_item>\s*<description>/.test(head);
}

/** Whether a line of JSON, of which the end may be cut off, is a step of a run that writes its memory down each time. */
export function isCheatsheetLine(line: string): boolean {
  return /"(?:final_)?cheatsheet"\s*:\s*"/.test(line) && line.includes("<memory_item>");
}

/** The memory after the last step of a run. Throws: BAD_FILE when no line holds one. */
export async function lastCheatsheet(path: string, lines: AsyncIterable<Line>): Promise<string> {
  let last: string | undefined;
  for await (const line of lines) {
    const step = "text" in line ? Step.safeParse(parsed(line.text)).data : undefined;
    last = step?.final_cheatsheet ?? step?.cheatsheet ?? last;
  }
  if (last === undefined) throw badFile(`no line of ${path} holds a memory`);
  return last;
}

const Step = z.object({ cheatsheet: z.string().optional(), final_cheatsheet: z.string().optional() });

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * Reads a memory of Dynamic Cheatsheet (arXiv:2504.07952): each item becomes a behavior, its description the instruction, its
 * example the long form, the heading above it the topic. How often it was used is kept in its source. Items whose text
 * was lost when the memory was rewritten are refused.
 */
export function readCheatsheet(text: string): { behaviors: ImportedBehavior[]; refused: Refused[] } {
  const memory = cleanText(text.replaceAll("\r\n", "\n"));
  const version = /^Version:\s*([\d.]+)/m.exec(memory)?.[1];
  const sections = [...memory.matchAll(SECTION)].map(({ 0: title, index }) => ({ title, index }));
  const behaviors: ImportedBehavior[] = [];
  const refused: Refused[] = [];
  const names = new Set<string>();
  for (const [n, { 1: item = "", index }] of [...memory.matchAll(ITEM)].entries()) {
    const place = `item ${n + 1}`;
    const description =
      /<description>([\s\S]*?)(?:<\/description>|<example>|$)/.exec(item)?.[1]?.trim() ?? "";
    const example = /<example>([\s\S]*?)(?:<\/example>|\*\* Count|$)/.exec(item)?.[1] ?? "";
    if (LOST.test(description) || LOST.test(example)) {
      refused.push({ place, reason: "its text was lost when the memory was rewritten" });
      continue;
    }
    const count = /\*\*\s*Count:\s*(\d+)/i.exec(item)?.[1];
    const plain = description.replace(/\(References?:[^)]*\)/gi, "").trim();
    const [title = ""] = plain.split(":");
    const topic = sections.findLast((section) => section.index < index)?.title.toLowerCase();
    const name = freeName(names, (title.length <= 80 && snakeCase(title)) || tellingWords(plain) || "item");
    const used = count === undefined ? "" : `, used ${count} times`;
    const parsed = ImportedBehavior.safeParse({
      name,
      instruction: instructionOf(sentencesOf(plain)),
      ...(topic !== undefined && { topic: cut(topic, 80) }),
      detail: detailOf(example),
      source: `Dynamic Cheatsheet${version === undefined ? "" : ` version ${version}`}, item ${n + 1}${used}`,
    });
    if (parsed.success) {
      behaviors.push(parsed.data);
      names.add(name);
    } else refused.push({ place, reason: faultsOf(parsed.error) });
  }
  return { behaviors, refused };
}
