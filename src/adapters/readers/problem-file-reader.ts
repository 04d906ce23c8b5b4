import { HandbookError } from "../../errors.ts";
import { openImportFile } from "./import-file.ts";

/** Where public sets keep the text of a problem, those that say most exactly what they hold first. */
const PROBLEM = ["problem", "question", "task", "prompt", "instruction", "input"];
const ID = ["unique_id", "id", "task_id", "question_id"];

/** A problem of a test set, with the name that the file gives it, else its line. */
export interface Problem {
  id: string;
  text: string;
}

/**
 * Reads the problems of a JSONL file, gzipped or not.
 *
 * Throws: BAD_FILE at the first line without a problem, since a check against a part of a set would claim too much.
 */
export async function readProblems(path: string): Promise<Problem[]> {
  await using file = await openImportFile(path);
  const problems: Problem[] = [];
  for await (const line of file.lines()) {
    const row = "text" in line ? objectOf(line.text) : undefined;
    const text = row && firstText(row, PROBLEM);
    if (row === undefined || text === undefined)
      throw new HandbookError("BAD_FILE", `line ${line.number} of ${path} holds no problem`, {
        fix: `Give it JSONL: one object a line with the text under ${PROBLEM.slice(0, 3).join(", ")} or ${PROBLEM[3]}`,
      });
    problems.push({ id: firstText(row, ID) ?? `line ${line.number}`, text });
  }
  return problems;
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function firstText(row: Record<string, unknown>, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = row[key];
    if (typeof value === "number") return String(value);
    if (typeof value === "string" && value.trim() !== "") return value;
  }
  return undefined;
}
