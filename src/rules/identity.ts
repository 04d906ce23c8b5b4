import { createHash } from "node:crypto";

/** What makes two recordings the same trace. */
export interface TraceContent {
  handbook: string;
  use_id?: string | undefined;
  task: string;
  reasoning: string;
  answer?: string | undefined;
}

/** SHA-256, hex, over the trace's content; a re-sent trace has the hash of the first one. */
export function traceHash({ handbook, use_id, task, reasoning, answer }: TraceContent): string {
  return digest([handbook, use_id ?? null, task, reasoning, answer ?? null]);
}

/** A task as its words: attempts at tasks of the same ones are attempts at one task. */
export function taskWords(task: string): string {
  return task.trim().replace(/\s+/g, " ").toLowerCase();
}

/** SHA-256, hex, of a JSON value. */
export function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}
