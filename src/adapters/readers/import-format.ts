import { isAcePlaybook } from "./ace-playbook-reader.ts";
import { isCheatsheet, isCheatsheetLine } from "./cheatsheet-reader.ts";
import { isSkill } from "./skill-md.ts";
import { isThoughtTemplates } from "./thought-template-reader.ts";

/** `document`: one JSON value, a handbook or an array of traces. `jsonl`: a JSON object on every line. The rest are texts. */
export type ImportFormat =
  | "document"
  | "jsonl"
  | "ace"
  | "skill"
  | "cheatsheet"
  | "cheatsheet lines"
  | "thought templates";

/** What a file is, by the beginning of its text; undefined when it is nothing that import reads. */
export function recognizeFormat(head: string): ImportFormat | undefined {
  const lines = head.replace(/^\uFEFF/, "").split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== "");
  const start = lines[first]?.trimStart() ?? "";
  // Pretty-printed JSON has lines that are values too, but they are indented.
  const objects = lines.map((line) => line.startsWith("{") && isJson(line));
  if (start.startsWith("{")) {
    if (isCheatsheetLine(start)) return "cheatsheet lines";
    if (HANDBOOK.test(head)) return "document";
    const isOneLine = lines.slice(first + 1).every((line) => line.trim() === "");
    return isOneLine || objects.includes(true) ? "jsonl" : "document";
  }
  if (isSkill(head)) return "skill";
  if (isCheatsheet(head)) return "cheatsheet";
  if (isThoughtTemplates(head)) return "thought templates";
  if (isAcePlaybook(lines)) return "ace";
  if (/^\[\s*(?:[[{\]]|$)/.test(start)) return "document";
  return objects.includes(true) ? "jsonl" : undefined;
}

// Inside a JSON string the quotes are escaped, so a trace that quotes a handbook does not match. With sorted keys the
// format comes after all behaviors.
const HANDBOOK = /"format"\s*:\s*"behavior-handbook\/|^\s*\{\s*"behaviors"\s*:/;

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
