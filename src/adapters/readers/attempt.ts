import { cleanText, cutMiddle } from "../../model/text.ts";
import { MAX_ANSWER, MAX_REASONING, MAX_TASK } from "../../model/trace.ts";
import type { TraceRead, TraceRow } from "./trace-row.ts";

/** What happened in an attempt, in order. */
export type Step =
  | { kind: "thinking"; text: string }
  | { kind: "text"; text: string }
  | { kind: "tool_call"; name: string; input: unknown }
  | { kind: "tool_result"; name: string; text: string; isError: boolean }
  /** Said by the user after the task was set. */
  | { kind: "user"; text: string }
  /** The client replaced what came before by a summary; the model went on with that. */
  | { kind: "compacted" }
  /** Steps that were left out, for the attempt is longer than a trace may be. */
  | { kind: "left out"; steps: number };

/** One attempt at a task as a transcript tells it, before it is cleaned and cut. */
export type Attempt = { steps: readonly Step[] } & {
  [field in Exclude<keyof TraceRow, "reasoning">]?: TraceRow[field] | undefined;
};

const MOST_OF_INPUT = 4000;
const MOST_OF_RESULT = 1500;
/** The marks for what was cut or redacted may be longer than what they stand for. */
const SLACK = 0.95;
const MAX_LABEL = 200;
/** Our own tools: what they answer names behaviors that the agent has not used by that. */
const OWN_TOOL =
  /^mcp__.*__(?:retrieve_behaviors|record_trace|report_outcome|reflect_and_extract|submit_reflection|self_improve|edit_behavior|handbook_report)$/;

/** An attempt as text: what was thought and said as it stands, tool calls and results with their middle cut out. */
export function flowOf(steps: readonly Step[]): string {
  return steps.map(paragraph).join("\n\n");
}

function paragraph(step: Step): string {
  switch (step.kind) {
    case "thinking":
      return `Thinking: ${step.text}`;
    case "text":
      return step.text;
    case "user":
      return `The user: ${step.text}`;
    case "compacted":
      return "[The conversation was compacted here.]";
    case "left out":
      return `[... ${step.steps.toLocaleString("en-US")} steps left out ...]`;
    case "tool_call":
      return OWN_TOOL.test(step.name) ? `Tool ${step.name}` : `Tool ${step.name}: ${inputText(step.input)}`;
    case "tool_result":
      return OWN_TOOL.test(step.name)
        ? "Result: [of the handbook]"
        : `Result${step.isError ? " (error)" : ""}: ${cutMiddle(step.text, MOST_OF_RESULT)}`;
  }
}

/** Arguments come as JSON text from some clients and as values from others. */
function inputText(input: unknown): string {
  return cutMiddle(typeof input === "string" ? input : (JSON.stringify(input) ?? ""), MOST_OF_INPUT);
}

/** Collects the steps of an attempt of any length in the memory of about two traces at their limit. */
export class Steps {
  readonly list: Step[] = [];
  #size = 0;

  add(step: Step): void {
    const kept = shortened(step);
    this.list.push(kept);
    this.#size += sizeOf(kept);
    if (this.#size > 2 * MAX_REASONING) this.#leaveOut();
  }

  /** Half of a trace stays at the beginning and half at the end. */
  #leaveOut(): void {
    const half = MAX_REASONING / 2;
    let from = 0;
    for (let size = 0; from < this.list.length && size < half; from++) size += sizeOf(this.list[from]);
    let to = this.list.length;
    for (let size = 0; to > from && size < half; to--) size += sizeOf(this.list[to - 1]);
    const out = this.list.slice(from, to);
    const steps = out.reduce((sum, step) => sum + (step.kind === "left out" ? step.steps : 1), 0);
    if (steps > 0) this.list.splice(from, out.length, { kind: "left out", steps });
    this.#size = this.list.reduce((sum, step) => sum + sizeOf(step), 0);
  }
}

/** What `flowOf` would cut is cut at once, and never takes memory. */
function shortened(step: Step): Step {
  if (step.kind === "tool_call") {
    const input = inputText(step.input);
    return input.length <= MOST_OF_INPUT ? step : { ...step, input };
  }
  if (step.kind === "tool_result") return { ...step, text: cutMiddle(step.text, MOST_OF_RESULT) };
  return "text" in step && step.text.length > MAX_REASONING
    ? { ...step, text: cutMiddle(step.text, MAX_REASONING) }
    : step;
}

function sizeOf(step: Step | undefined): number {
  if (step === undefined) return 0;
  return 64 + ("text" in step ? step.text.length : 0) + (step.kind === "tool_call" ? 200 : 0);
}

/**
 * The trace of an attempt. What exceeds the limits of a trace loses its middle, with a mark that says how much. The
 * last text is the answer, and not in the reasoning too unless there is nothing else.
 */
export function attemptRead(place: string, { steps, ...attempt }: Attempt): TraceRead {
  const task = cutMiddle(cleanText(attempt.task ?? "").trim(), MAX_TASK * SLACK);
  if (task === "") return { place, reason: "has no task: nobody asks for anything" };
  const last = steps.findLast(({ kind }) => kind !== "user"); // who thanks for it changes nothing
  const said = last?.kind === "text" ? last.text : undefined;
  const before = said === undefined ? steps : steps.filter((step) => step !== last);
  const isWork = (list: readonly Step[]) => list.some(({ kind }) => kind !== "user" && kind !== "compacted");
  if (!isWork(steps)) return { place, reason: "has no answer to its task" };
  const reasoning = flowText(isWork(before) ? before : steps);
  if (reasoning === "") return { place, reason: "has no answer to its task: its messages are blank" };
  const told = cleanText(attempt.answer ?? (isWork(before) ? (said ?? "") : "")).trim();
  const outcome = attempt.outcome ?? "unknown";
  const trace: TraceRow = {
    task,
    reasoning,
    answer: told === "" ? undefined : cutMiddle(told, MAX_ANSWER * SLACK),
    outcome,
    evidence: outcome === "unknown" ? undefined : (attempt.evidence ?? "checker"),
    output_tokens: attempt.output_tokens,
    input_tokens: attempt.input_tokens,
    model: label(attempt.model),
    agent: label(attempt.agent),
    handbook: attempt.handbook,
  };
  return { place, trace };
}

function flowText(steps: readonly Step[]): string {
  return cutMiddle(cleanText(flowOf(steps)).trim(), MAX_REASONING * SLACK);
}

function label(text: string | undefined): string | undefined {
  return text === undefined ? undefined : cleanText(text).trim().slice(0, MAX_LABEL) || undefined;
}
