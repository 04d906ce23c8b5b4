import type { Outcome } from "../../model/outcome.ts";
import { attemptRead, type Step } from "./attempt.ts";
import { contentText, isMessageList, type Message, messagesOf, messageText, sum } from "./chat-messages.ts";
import { attemptOf } from "./chat-reader.ts";
import { type Span, spansOf, unflattened } from "./otel-attributes.ts";
import {
  countOf,
  given,
  inner,
  listOf,
  type Row,
  type TraceRead,
  type TranscriptReader,
  word,
} from "./trace-row.ts";

/** Characters of the traces that wait for more of their spans; the one that waits longest is then taken as whole. */
const MOST_WAITING = 8 * 1024 * 1024;

interface Call {
  start: string;
  input: Message[];
  output: Message[];
  attributes: Row;
}
interface Waiting {
  place: string;
  calls: Call[];
  /** Of other spans of the trace. */
  agent?: string | undefined;
  outcome: Outcome;
  size: number;
}

/**
 * Reads spans of OpenTelemetry's conventions for generative AI, and those of OpenLLMetry before them
 * (`gen_ai.prompt.0.content`). All spans of one trace id are one attempt: every call repeats the conversation so far,
 * so that of each only the messages are taken that are new. Spans may come in any order; in a file with more open
 * traces than fit in memory, the spans that come late are a trace of their own.
 *
 * Tokens are the sum over the calls where each states them; spans of agents, which repeat what their calls used, do
 * not count. An outcome comes from evaluations (`gen_ai.evaluation.score.label`).
 *
 * Source: open-telemetry/semantic-conventions, docs/gen-ai/gen-ai-spans.md, gen-ai-input-messages.json,
 * non-normative/examples-llm-calls.md and gen-ai-evaluation-events.md; traceloop/openllmetry, semantic conventions.
 */
export function otelReader(): TranscriptReader {
  const waiting = new Map<string, Waiting>();
  let size = 0;
  function* taken(id: string, trace: Waiting): Generator<TraceRead> {
    waiting.delete(id);
    size -= trace.size;
    yield readOf(trace);
  }
  return {
    *take(place, row) {
      for (const span of spansOf(row)) {
        const name = `${place}, trace ${span.traceId.slice(0, 40)}`;
        const trace = waiting.get(span.traceId) ?? { place: name, calls: [], outcome: "unknown", size: 0 };
        waiting.delete(span.traceId); // the one that was touched last waits last
        waiting.set(span.traceId, trace);
        size += add(trace, span);
        for (const [id, oldest] of waiting) {
          if (size <= MOST_WAITING || waiting.size === 1) break;
          yield* taken(id, oldest);
        }
      }
    },
    *end() {
      for (const [id, trace] of waiting) yield* taken(id, trace);
    },
  };
}

/** Returns by how many characters the trace has grown. */
function add(trace: Waiting, span: Span): number {
  const calls = trace.calls.length;
  addCall(trace, span);
  const [call] = trace.calls.slice(calls);
  const grown = A_SPAN + (call === undefined ? 0 : JSON.stringify(call).length);
  trace.size += grown;
  return grown;
}

/** A span takes memory also where it holds no message. */
const A_SPAN = 200;

function addCall(trace: Waiting, { start, attributes }: Span): void {
  trace.agent ??= given(attributes["gen_ai.agent.name"]);
  trace.outcome = worse(trace.outcome, attributes);
  const input = messagesIn(attributes, "input", "prompt");
  const output = messagesIn(attributes, "output", "completion");
  const isAgent = /agent|workflow|execute_tool/.test(word(attributes["gen_ai.operation.name"]));
  if (isAgent || (input.length === 0 && output.length === 0)) return;
  trace.calls.push({ start, input, output, attributes: usageIn(attributes) });
}

function usageIn(attributes: Row): Row {
  return Object.fromEntries(
    Object.entries(attributes).filter(([key]) => /^gen_ai\.(usage|response|request\.model)/.test(key)),
  );
}

/** Messages as an attribute (JSON text or values), or spread over many. */
function messagesIn(attributes: Row, now: string, before: string): Message[] {
  const values = [attributes[`gen_ai.${now}.messages`], attributes[`gen_ai.${before}`]].map(parsed);
  const list = values.find(isMessageList) ?? unflattened(attributes, `gen_ai.${before}`);
  return listOf(list).flatMap((message) =>
    Array.isArray(inner(message).parts) ? partsOf(inner(message)) : messagesOf([message]),
  );
}

function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** A message of the conventions: parts of type text, reasoning, tool_call and tool_call_response. */
function partsOf(message: Row): Message[] {
  const parts = listOf(message.parts).map(inner);
  const [whose] = messagesOf([{ role: message.role, content: "" }]);
  if (whose === undefined) return [];
  const steps = parts.flatMap((part): Step[] => {
    const text = given(part.content);
    switch (part.type) {
      case "tool_call":
        return [{ kind: "tool_call", name: given(part.name) ?? "tool", input: part.arguments ?? {} }];
      case "tool_call_response": {
        const content = part.response ?? part.result;
        const name = given(part.name) ?? "tool";
        return [{ kind: "tool_result", name, text: contentText({ content }), isError: false }];
      }
      case "reasoning":
        return text === undefined ? [] : [{ kind: "thinking", text }];
      case "text":
        return text === undefined ? [] : [{ kind: whose.role === "user" ? "user" : "text", text }];
      default:
        return []; // pictures, files
    }
  });
  return [{ ...whose, steps }];
}

const PASSED = /^(pass(ed)?|correct|success|resolved|true)$/i;
const FAILED = /^(fail(ed)?|incorrect|failure|unresolved|false)$/i;

/** A trace that fails one of its evaluations has failed. */
function worse(before: Outcome, attributes: Row): Outcome {
  const label = word(attributes["gen_ai.evaluation.score.label"]).trim();
  if (FAILED.test(label) || before === "failure") return "failure";
  return PASSED.test(label) ? "success" : before;
}

function readOf({ place, calls, agent, outcome }: Waiting): TraceRead {
  if (calls.length === 0) {
    return { place, reason: "holds no messages: it has no call of a model, or content was not captured" };
  }
  const ordered = calls.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const messages = joined(ordered).filter(({ role }) => role !== "system");
  const [model] = ordered.flatMap(
    ({ attributes }) =>
      given(attributes["gen_ai.response.model"]) ?? given(attributes["gen_ai.request.model"]) ?? [],
  );
  return attemptRead(place, {
    ...attemptOf(messages),
    ...usageOf(ordered),
    outcome,
    model,
    agent,
  });
}

/** Of each call the messages that are not there yet, as often as it has them. */
function joined(calls: readonly Call[]): Message[] {
  const all: Message[] = [];
  const times = new Map<string, number>();
  for (const { input, output } of calls) {
    const here = new Map<string, number>();
    for (const message of [...input, ...output]) {
      const key = `${message.role} ${messageText(message)} ${JSON.stringify(message.steps)}`;
      const nth = (here.get(key) ?? 0) + 1;
      here.set(key, nth);
      if (nth <= (times.get(key) ?? 0)) continue;
      times.set(key, nth);
      all.push(message);
    }
  }
  return all;
}

/** A response that was exported twice was paid once. */
function usageOf(calls: readonly Call[]): { output_tokens?: number; input_tokens?: number } {
  const responses = new Map(
    calls.map(({ attributes }, i) => [word(attributes["gen_ai.response.id"]) || `${i}`, attributes]),
  );
  const total = (names: readonly string[]) => {
    const counts = [...responses.values()].map((attributes) =>
      names.map((name) => countOf(attributes[`gen_ai.usage.${name}`])).find((count) => count !== undefined),
    );
    const stated = counts.filter((count) => count !== undefined);
    return stated.length === counts.length ? sum(stated) : undefined;
  };
  const output_tokens = total(["output_tokens", "completion_tokens"]);
  const input_tokens = total(["input_tokens", "prompt_tokens"]);
  return {
    ...(output_tokens !== undefined && { output_tokens }),
    ...(input_tokens !== undefined && { input_tokens }),
  };
}
