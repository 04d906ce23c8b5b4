import * as z from "zod";
import { HandbookError } from "../../errors.ts";
import { letterOf, type Problem } from "../../model/problem.ts";
import { cleanText } from "../../model/text.ts";
import { openImportFile } from "./import-file.ts";
import { isRow, type Row } from "./trace-row.ts";

/** A line that is no problem, and why. */
export interface RefusedLine {
  line: number;
  reason: string;
}

// Public sets name the same things differently: MATH-500, AIME, GSM8K, MMLU, ARC, and our own traces.
const TASK = ["problem", "question", "task", "prompt", "instruction", "input"];
const ANSWER = ["answer", "gold", "final_answer", "answerKey", "target"];
const TOPIC = ["topic", "subject", "category"];
const ID = ["id", "unique_id", "problem_id", "task_id", "question_id"];

const Text = z
  .union([z.string(), z.number().transform(String), z.boolean().transform(String)])
  .transform((text) => cleanText(text).trim());
const Given = Text.pipe(z.string().min(1));
const Options = z.union([
  z.array(Text),
  z.object({ text: z.array(Text) }).transform(({ text }) => text), // ARC; its labels are looked at apart
  z.record(z.string().regex(/^[A-Z]$/), Text).transform((byLetter) =>
    Object.keys(byLetter)
      .sort()
      .map((letter) => byLetter[letter] ?? ""),
  ),
]);
const Choices = Options.pipe(z.array(z.string().min(1)).min(2).max(26));

/**
 * Reads problems from JSONL, gzip or not: `problem` (or `question`, `task`, …), `answer` (or `gold`, …), and where
 * there are any `choices` (or `options`), `topic` (or `subject`, …) and `id`. A number as answer of a problem with choices
 * is the place of the right one, from 0, unless one of them reads so. `faultOf` says what else may be wrong with a problem.
 *
 * Throws: BAD_FILE when the file cannot be read.
 */
export async function readProblems(
  path: string,
  faultOf: (problem: Problem) => string | undefined,
  limit = Number.POSITIVE_INFINITY,
): Promise<{ problems: Problem[]; refused: RefusedLine[] }> {
  const problems: Problem[] = [];
  const refused: RefusedLine[] = [];
  const ids = new Map<string, number>();
  for await (const { line, row } of rowsOf(path)) {
    if (problems.length >= limit) break;
    const read = typeof row === "string" ? row : problemOf(row);
    if (typeof read === "string") {
      refused.push({ line, reason: read });
      continue;
    }
    const earlier = ids.get(read.id);
    const fault = earlier === undefined ? faultOf(read) : `its id is that of line ${earlier}`;
    if (fault !== undefined) refused.push({ line, reason: fault });
    else {
      ids.set(read.id, line);
      problems.push(read);
    }
  }
  return { problems, refused };
}

/**
 * Reads the problems of a test set, whose answers nobody needs.
 *
 * Throws: BAD_FILE, also at the first line without a problem, since a check against a part of a set would claim too much.
 */
export async function readTestSet(path: string): Promise<Pick<Problem, "id" | "task">[]> {
  const problems: Pick<Problem, "id" | "task">[] = [];
  for await (const { line, row } of rowsOf(path)) {
    if (typeof row === "string")
      throw new HandbookError("BAD_FILE", `line ${line} of ${path} holds no problem: it ${row}`, {
        fix: FIX,
      });
    problems.push({ id: row.id, task: row.task });
  }
  return problems;
}

const FIX = `It takes JSONL: one object a line, with the problem as ${TASK.join(", ")}`;

/** What every row has, and a way to the rest of it. */
interface ProblemRow extends Pick<Problem, "id" | "task"> {
  first(names: readonly string[]): unknown;
}

/** The rows of a file, or what is wrong with them. */
async function* rowsOf(path: string): AsyncGenerator<{ line: number; row: ProblemRow | string }> {
  await using file = await openImportFile(path).catch((error: unknown) => {
    throw error instanceof HandbookError
      ? new HandbookError("BAD_FILE", error.message, { fix: FIX, cause: error })
      : error;
  });
  for await (const { number, ...line } of file.lines())
    yield { line: number, row: "refused" in line ? line.refused : rowOf(line.text, number) };
}

function rowOf(line: string, number: number): ProblemRow | string {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return "is not JSON";
  }
  return isRow(row) ? rowIn(row, `line ${number}`) : "is not an object";
}

function rowIn(row: Row, place: string): ProblemRow | string {
  const fields = new Map(Object.entries(row));
  const first = (names: readonly string[]) =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined && value !== null);
  const task = Given.safeParse(first(TASK));
  if (!task.success) return `has no text as ${TASK.join(", ")}`;
  return { id: Given.safeParse(first(ID)).data ?? place, task: task.data, first };
}

/** The problem of a row, or what is wrong with it; `place` is its id where the row has none. */
export function problemIn(row: Row, place: string): Problem | string {
  const read = rowIn(row, place);
  return typeof read === "string" ? read : problemOf(read);
}

function problemOf({ first, ...row }: ProblemRow): Problem | string {
  const answer = Given.safeParse(first(ANSWER));
  if (!answer.success) return `has no ${ANSWER.join(", ")}`;
  const options = first(["choices", "options"]);
  const choices = options === undefined ? undefined : Choices.safeParse(options);
  if (choices?.success === false) return "its choices are not two to 26 texts";
  const given = first(ANSWER);
  const isPlace = typeof given === "number" && choices !== undefined && !choices.data.includes(answer.data);
  const nth = isPlace ? given : labelsOf(options).indexOf(answer.data);
  if (isPlace && choices.data[nth] === undefined) return "its answer is the place of no choice";
  const topic = Given.safeParse(first(TOPIC));
  return {
    ...row,
    answer: nth >= 0 ? letterOf(nth) : answer.data,
    ...(choices !== undefined && { choices: choices.data }),
    ...(topic.success && { topic: topic.data }),
  };
}

/** What ARC calls its options: mostly letters, sometimes numbers. */
function labelsOf(options: unknown): string[] {
  const labelled = z.object({ label: z.array(Text) }).safeParse(options);
  return labelled.success ? labelled.data.label : [];
}
