import { HandbookSlug } from "../model/handbook.ts";
import { Evidence, Outcome } from "../model/outcome.ts";
import { cleanText } from "../model/text.ts";
import { MAX_ANSWER, MAX_REASONING, MAX_TASK } from "../model/trace.ts";
import { badFile, faultsOf, type Refused } from "./import-faults.ts";
import type { Line } from "./import-file.ts";

/** One attempt as a file tells it: cleaned, within the limits, secrets still in it. */
export interface TraceRow {
  task: string;
  reasoning: string;
  answer?: string | undefined;
  outcome: Outcome;
  evidence?: Evidence | undefined;
  output_tokens?: number | undefined;
  input_tokens?: number | undefined;
  model?: string | undefined;
  agent?: string | undefined;
  handbook?: string | undefined;
}

/** A row, with its place in the file for people: `line 3`, or `row 3` of a JSON array. */
export type TraceRead = { place: string; trace: TraceRow } | Refused;

/** Reads JSONL: one JSON object a line, each for itself. */
export async function* readTraceLines(lines: AsyncIterable<Line>): AsyncGenerator<TraceRead> {
  for await (const line of lines) {
    const place = `line ${line.number}`;
    const row = "refused" in line ? line : parsed(line.text);
    yield "refused" in row ? { place, reason: row.refused } : readRow(place, row.value);
  }
}

/** Reads a JSON document: an array of rows, or one row. */
export async function* readTraceDocument(value: unknown): AsyncGenerator<TraceRead> {
  for (const [i, row] of (Array.isArray(value) ? value : [value]).entries())
    yield readRow(`row ${i + 1}`, row);
}

/**
 * A JSON document as a value.
 *
 * Throws: BAD_FILE when it is none, with the place where it breaks.
 */
export function parseDocument(path: string, text: string): unknown {
  const document = parsed(text);
  if ("refused" in document) throw badFile(`${path} ${document.refused}`);
  return document.value;
}

function parsed(text: string): { value: unknown } | { refused: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    // The engine's message quotes the file, so only the place is taken from it.
    const position = /at position (\d+)/.exec(String(error))?.[1];
    const at = position === undefined ? "" : ` at character ${Number(position) + 1}`;
    return { refused: `is not valid JSON${at}` };
  }
}

// Field names of public sets beside our own, those that say most exactly what they hold first.
const TASK = ["question", "problem", "prompt", "task", "instruction"];
const REASONING = ["reasoning", "thinking", "reasoning_content", "solution", "thoughts", "reflections"];
const ANSWER = ["final", "answer", "output", "response", "final_solution", "predicted"];
/** Answers that are the work itself, and so the reasoning where a row has no other. */
const WORK = ["response", "output", "final_solution"];
const OUTCOME = ["correct", "success", "is_correct", "passed", "reward"];
const OUTPUT_TOKENS = ["output_tokens", "completion_tokens"];
const INPUT_TOKENS = ["input_tokens", "prompt_tokens"];
const TRAJECTORY = ["messages", "steps", "trajectory", "conversations"];

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads one row: our own fields, or the usual ones of public sets. An outcome that a set states is a check that
 * somebody else made (`checker`) unless the row says otherwise. Ids of uses and traces are left out: they belong to
 * the ledger that gave them.
 */
function readRow(place: string, value: unknown): TraceRead {
  const refused = (reason: string): Refused => ({ place, reason });
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return refused("is no JSON object");
  const row = value as Row;
  const task = taskOf(row);
  if (task === undefined) return refused(`has no task: looked for ${TASK.join(", ")}`);
  const told = firstText(row, REASONING);
  const reasoning = told ?? firstText(row, WORK);
  if (reasoning === undefined) return refused(noReasoning(row));
  const answer = answerOf(row, told === undefined ? ANSWER.filter((key) => !WORK.includes(key)) : ANSWER);
  const model = firstText(row, ["model"]);
  const agent = firstText(row, ["agent"]);
  const handbook = HandbookSlug.optional().safeParse(firstText(row, ["handbook"]));
  if (!handbook.success) return refused(`its handbook ${faultsOf(handbook.error)}`);
  const tooLong = [
    ...overLimit("task", task, MAX_TASK),
    ...overLimit("reasoning", reasoning, MAX_REASONING),
    ...overLimit("answer", answer, MAX_ANSWER),
    ...overLimit("model", model, MAX_LABEL),
    ...overLimit("agent", agent, MAX_LABEL),
  ];
  if (tooLong.length > 0) return refused(tooLong.join("; "));
  const outcome = outcomeOf(row);
  const evidence = Evidence.safeParse(row.evidence).data ?? "checker";
  const output_tokens = row.tokens_counted_by === "server" ? undefined : firstCount(row, OUTPUT_TOKENS);
  const trace: TraceRow = {
    task,
    reasoning,
    answer,
    outcome,
    evidence: outcome === "unknown" ? undefined : evidence,
    output_tokens,
    input_tokens: firstCount(row, INPUT_TOKENS),
    model,
    agent,
    handbook: handbook.data,
  };
  return { place, trace };
}

const MAX_LABEL = 200;

function overLimit(field: string, text: string | undefined, limit: number): string[] {
  if (text === undefined || text.length <= limit) return [];
  return [`its ${field} has ${text.length} characters, ${limit} are the limit`];
}

function noReasoning(row: Row): string {
  const trajectory = TRAJECTORY.find((key) => Array.isArray(row[key]) && row[key].length > 0);
  return trajectory === undefined
    ? `has no reasoning: looked for ${[...REASONING, ...WORK].join(", ")}`
    : `has ${trajectory} and no reasoning: trajectories are not read`;
}

/** An instruction may come with an input that it is about. */
function taskOf(row: Row): string | undefined {
  const key = TASK.find((name) => textOf(row[name]) !== undefined);
  const parts = key === "instruction" ? [key, "input"] : [key ?? ""];
  return (
    parts
      .map((name) => textOf(row[name]))
      .filter((text) => text !== undefined)
      .join("\n\n") || undefined
  );
}

function firstText(row: Row, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const text = textOf(row[key]);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Text that is not blank; a list of texts is one text. */
function textOf(value: unknown): string | undefined {
  const isList = Array.isArray(value) && value.every((part) => typeof part === "string");
  const text = isList ? value.join("\n\n") : value;
  if (typeof text !== "string") return undefined;
  const clean = cleanText(text);
  return clean.trim() === "" ? undefined : clean;
}

/** Numbers and flags are answers too. */
function answerOf(row: Row, keys: readonly string[]): string | undefined {
  const texts = keys.map((key) => {
    const value = row[key];
    return typeof value === "number" || typeof value === "boolean" ? String(value) : textOf(value);
  });
  return texts.find((text) => text !== undefined);
}

function firstCount(row: Row, keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const count = row[key];
    if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count;
  }
  return undefined;
}

/** Unknown unless something says it plainly: a part of a reward is no success and no failure. */
function outcomeOf(row: Row): Outcome {
  const own = Outcome.safeParse(row.outcome);
  if (own.success) return own.data;
  for (const key of OUTCOME) {
    const value = row[key];
    if (value === true || value === 1) return "success";
    if (value === false || value === 0) return "failure";
    if (typeof value === "number") return "unknown";
  }
  return "unknown";
}
