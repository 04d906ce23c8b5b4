import { attemptRead, Steps } from "./attempt.ts";
import { contentText } from "./chat-messages.ts";
import { HeldTurns } from "./held-turns.ts";
import { countOf, given, inner, isRow, listOf, type Row, type TranscriptReader, word } from "./trace-row.ts";

const LINES = ["session_meta", "turn_context", "response_item", "event_msg", "compacted"];
/** Rollouts of before August 2025 have the items without the line around them. */
const ITEMS = ["message", "reasoning", "function_call", "function_call_output", "local_shell_call"];

/** Whether a row is a line of a rollout. */
export function isCodexRow(row: Row): boolean {
  const type = word(row.type);
  if (LINES.includes(type)) return isRow(row.payload);
  const isItem = ITEMS.includes(type) && (Array.isArray(row.content) || "call_id" in row || "summary" in row);
  return isItem || row.record_type === "state";
}

interface Turn {
  place: string;
  task: string;
  steps: Steps;
  tools: Map<string, string>;
  model?: string | undefined;
  /** Sum over the model's calls of this turn; the cumulative count before it, where only that is told. */
  used: { output: number; input: number } | undefined;
  isWork: boolean;
}

/**
 * Reads a rollout of Codex: one trace per turn of the user in which a tool was called or a thought is written; the
 * thoughts of OpenAI's models are encrypted, except for a summary. What the user says while a task runs belongs to it.
 * Turns that were rolled back are told apart. Messages that the client writes in the user's name (environment,
 * AGENTS.md, permissions) are no prompts.
 *
 * Tokens come from `token_count`: the growth of the total, since the same count may be told several times.
 *
 * Source: openai/codex, codex-rs/protocol/src/protocol.rs (`RolloutItem`, `EventMsg`, `TokenUsageInfo`) and models.rs
 * (`ResponseItem`); codex-rs/rollout/src/policy.rs says what of that is written.
 */
export function codexReader(): TranscriptReader {
  const held = new HeldTurns();
  let turn: Turn | undefined;
  let model: string | undefined;
  /** Old rollouts do not tell of tasks; in new ones a task starts before its prompt. */
  let task: "untold" | "awaits its prompt" | "runs" | "is over" = "untold";
  let total = { output: 0, input: 0 };

  const finish = () => {
    const done = turn;
    turn = undefined;
    return done === undefined ? [] : held.add(readOf(done));
  };
  const open = (place: string, prompt: string) => {
    if (turn !== undefined && turn.steps.list.length === 0) {
      // The event tells again what the item said; or the user goes on before there is an answer.
      const isAgain = turn.task.includes(prompt.trim()) || prompt.includes(turn.task.trim());
      turn.task = isAgain ? prompt : `${turn.task}\n\n${prompt}`;
      return [];
    }
    if (turn !== undefined && task === "runs") {
      const last = turn.steps.list.at(-1);
      if (last?.kind !== "user" || last.text !== prompt) turn.steps.add({ kind: "user", text: prompt });
      return [];
    }
    if (task === "awaits its prompt") task = "runs";
    const done = finish();
    turn = {
      place,
      task: prompt,
      steps: new Steps(),
      tools: new Map(),
      model,
      used: undefined,
      isWork: false,
    };
    return done;
  };
  return {
    *take(place, row) {
      const type = LINES.includes(word(row.type)) ? row.type : "response_item";
      const payload = type === row.type ? inner(row.payload) : row;
      if (type === "turn_context") model = given(payload.model) ?? model;
      if (type === "session_meta") model = given(payload.model) ?? model;
      if (turn !== undefined) turn.model ??= model;
      if (type === "compacted") turn?.steps.add({ kind: "compacted" });
      if (type === "response_item") {
        const prompt = promptOf(payload);
        if (prompt !== undefined) yield* open(place, prompt);
        else if (turn !== undefined) addItem(turn, payload);
      }
      if (type !== "event_msg") return;
      switch (payload.type) {
        case "task_started":
        case "turn_started":
          task = "awaits its prompt";
          break;
        case "task_complete":
        case "turn_complete":
        case "turn_aborted":
          task = "is over";
          break;
        case "user_message": {
          const prompt = given(payload.message);
          if (prompt !== undefined && !isOfTheClient(prompt)) yield* open(place, prompt);
          break;
        }
        case "token_count":
          total = count(turn, inner(payload.info), total);
          break;
        case "thread_rolled_back":
          yield* finish();
          yield* held.takeBack(countOf(payload.num_turns) ?? 1);
          break;
      }
    },
    *end() {
      yield* finish();
      yield* held.all();
    },
  };
}

const CLIENT =
  /^\s*(?:<(?:environment_context|user_instructions|permissions|turn_aborted|subagent_notification|skill|collaboration_mode|user_shell_command|INSTRUCTIONS)\b|# AGENTS\.md instructions)/;

function isOfTheClient(text: string): boolean {
  return CLIENT.test(text);
}

function promptOf(item: Row): string | undefined {
  if (item.type !== "message" || item.role !== "user") return undefined;
  const texts = listOf(item.content).flatMap((part) => given(inner(part).text) ?? []);
  const own = texts.filter((text) => !isOfTheClient(text));
  return own.length === 0 ? undefined : own.join("\n");
}

function addItem(turn: Turn, item: Row): void {
  const { steps, tools } = turn;
  const call = (name: string, input: unknown) => {
    if (typeof item.call_id === "string") tools.set(item.call_id, name);
    steps.add({ kind: "tool_call", name, input });
    turn.isWork = true;
  };
  switch (item.type) {
    case "message": {
      if (item.role !== "assistant") break;
      const text = listOf(item.content)
        .flatMap((part) => given(inner(part).text) ?? [])
        .join("\n");
      if (text !== "") steps.add({ kind: "text", text });
      break;
    }
    case "reasoning": {
      // The thoughts themselves where they are open, else their summary.
      const parts = listOf(item.content).length > 0 ? item.content : item.summary;
      const text = listOf(parts)
        .flatMap((part) => given(inner(part).text) ?? [])
        .join("\n");
      if (text === "") break;
      steps.add({ kind: "thinking", text });
      turn.isWork = true;
      break;
    }
    case "function_call":
    case "custom_tool_call":
      call(given(item.name) ?? "tool", item.arguments ?? item.input ?? {});
      break;
    case "local_shell_call":
      call("shell", inner(item.action).command ?? {});
      break;
    case "web_search_call":
      call("web_search", item.action ?? {});
      break;
    case "function_call_output":
    case "custom_tool_call_output": {
      const { text, isError } = outputOf(item.output);
      steps.add({ kind: "tool_result", name: tools.get(word(item.call_id)) ?? "tool", text, isError });
      break;
    }
  }
}

/** Text, parts, or `{"output": …, "metadata": {"exit_code": …}}` as JSON text. */
function outputOf(output: unknown): { text: string; isError: boolean } {
  const value = typeof output === "string" && output.startsWith('{"output":') ? parsed(output) : output;
  if (!isRow(value)) return { text: contentText({ content: value }), isError: false };
  const code = inner(value.metadata).exit_code;
  const isError = (typeof code === "number" && code !== 0) || value.success === false;
  return { text: contentText({ content: value.output ?? value.content }), isError };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

type Total = { output: number; input: number };

/** Adds what was used since the last count to the turn; a total that fell began anew. */
function count(turn: Turn | undefined, info: Row, before: Total): Total {
  const usage = (value: unknown): Total | undefined => {
    const output = countOf(inner(value).output_tokens);
    return output === undefined ? undefined : { output, input: countOf(inner(value).input_tokens) ?? 0 };
  };
  const now = usage(info.total_token_usage);
  const last = usage(info.last_token_usage);
  const grown =
    now === undefined
      ? last
      : now.output < before.output || now.input < before.input
        ? (last ?? now)
        : { output: now.output - before.output, input: now.input - before.input };
  if (turn !== undefined && grown !== undefined) {
    const used = turn.used ?? { output: 0, input: 0 };
    turn.used = { output: used.output + grown.output, input: used.input + grown.input };
  }
  return now ?? before;
}

function readOf({ place, task, steps, model, used, isWork }: Turn) {
  if (!isWork) return { place, reason: "is talk: no tool was called and no thought is written" };
  return attemptRead(place, {
    task,
    steps: steps.list,
    model,
    output_tokens: used?.output,
    input_tokens: used?.input,
    agent: "codex",
  });
}
