import type { Evidence } from "../../model/outcome.ts";
import { Outcome } from "../../model/outcome.ts";
import { cleanText } from "../../model/text.ts";
import type { Refused } from "./import-faults.ts";

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
  license?: string | undefined;
  handbook?: string | undefined;
}

/** A trace or why there is none, with its place in the file for people: `line 3`, or `row 3` of a JSON array. */
export type TraceRead = { place: string; trace: TraceRow } | Refused;

export type Row = Readonly<Record<string, unknown>>;

/** Reads the rows of one file, in order. A format of which a row is a whole attempt has nothing left at the end. */
export interface TranscriptReader {
  take(place: string, row: Row): Iterable<TraceRead>;
  end(): Iterable<TraceRead>;
}

export function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A field that is an object; an empty one where it is none. */
export function inner(value: unknown): Row {
  return isRow(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A value as a word to compare with; empty when it is none. `String` would call what an object has as its methods. */
export function word(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? `${value}` : "";
}

/** A text as it stands, undefined when it is none or blank. */
export function given(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

export function firstText(row: Row, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const text = textOf(row[key]);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Text that is not blank; a list of texts is one text. */
export function textOf(value: unknown): string | undefined {
  const isList = Array.isArray(value) && value.every((part) => typeof part === "string");
  const text = isList ? value.join("\n\n") : value;
  if (typeof text !== "string") return undefined;
  const clean = cleanText(text);
  return clean.trim() === "" ? undefined : clean;
}

export function firstCount(row: Row, keys: readonly string[]): number | undefined {
  for (const key of keys) {
    const count = countOf(row[key]);
    if (count !== undefined) return count;
  }
  return undefined;
}

export function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

export const OUTPUT_TOKENS = ["output_tokens", "completion_tokens"];
export const INPUT_TOKENS = ["input_tokens", "prompt_tokens"];
const OUTCOME = ["correct", "success", "is_correct", "passed", "resolved", "reward"];

/** Unknown unless something says it plainly: a part of a reward is no success and no failure. */
export function outcomeOf(row: Row): Outcome {
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
