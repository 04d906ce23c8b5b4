import type { Step } from "./attempt.ts";
import {
  countOf,
  given,
  INPUT_TOKENS,
  inner,
  isRow,
  listOf,
  OUTPUT_TOKENS,
  type Row,
  word,
} from "./trace-row.ts";

/** A message of a chat, as steps of an attempt. */
export interface Message {
  role: "system" | "user" | "assistant" | "tool";
  steps: Step[];
  usage?: Usage | undefined;
}

export interface Usage {
  output_tokens: number;
  input_tokens?: number | undefined;
}

const ROLES: Record<string, Message["role"]> = {
  system: "system",
  developer: "system",
  user: "user",
  human: "user",
  assistant: "assistant",
  ai: "assistant",
  gpt: "assistant",
  model: "assistant",
  tool: "tool",
  function: "tool",
  observation: "tool",
};

/** What says who speaks: `role`, in ShareGPT's files `from`. Undefined when it is no message. */
function roleOf(message: Row): Message["role"] | undefined {
  const name = given(message.role) ?? given(message.from);
  return name === undefined ? undefined : ROLES[name.toLowerCase()];
}

export function isMessageList(value: unknown): boolean {
  return Array.isArray(value) && value.some((message) => isRow(message) && roleOf(message) !== undefined);
}

/**
 * The messages of a chat in the shapes of OpenAI (`content`, `tool_calls`, `function_call`, role `tool`), with the
 * thoughts that other servers add (`reasoning_content`, `reasoning`, `<think>` before the text), with Anthropic's
 * content blocks, and ShareGPT's `from` and `value`. What is no message is left out.
 *
 * Source: OpenAI API reference, "Chat" and "Fine-tuning, chat format"; DeepSeek and vLLM, "Reasoning outputs"
 * (`reasoning_content`); Anthropic API reference, "Messages" (content blocks).
 */
export function messagesOf(list: unknown): Message[] {
  const tools = new Map<string, string>();
  return listOf(list).flatMap((value) => {
    const message = inner(value);
    const role = roleOf(message);
    if (role === undefined) return [];
    const steps = role === "tool" ? [resultOf(message, tools)] : stepsOf(message, role, tools);
    // Anthropic's results of tools come under the role of the user.
    const isResult = role === "user" && steps.length > 0 && steps.every(({ kind }) => kind === "tool_result");
    return [{ role: isResult ? "tool" : role, steps, usage: usageOf(message.usage) }];
  });
}

export function usageOf(value: unknown): Usage | undefined {
  const usage = inner(value);
  const count = (keys: readonly string[]) =>
    keys.map((key) => countOf(usage[key])).find((n) => n !== undefined);
  const output_tokens = count(OUTPUT_TOKENS);
  return output_tokens === undefined ? undefined : { output_tokens, input_tokens: count(INPUT_TOKENS) };
}

/** The sum, where every message of the agent states what it cost; a part of it would be no count. */
export function usageSum(messages: readonly Message[]): Partial<Usage> {
  const usages = messages.filter(({ role }) => role === "assistant").map(({ usage }) => usage);
  const stated = usages.filter((usage) => usage !== undefined);
  if (stated.length === 0 || stated.length < usages.length) return {};
  const inputs = stated.map((usage) => usage.input_tokens).filter((count) => count !== undefined);
  return {
    output_tokens: sum(stated.map((usage) => usage.output_tokens)),
    ...(inputs.length === stated.length && { input_tokens: sum(inputs) }),
  };
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

export function messageText({ steps }: Message): string {
  return steps
    .flatMap((step) => (step.kind === "text" || step.kind === "user" ? [step.text] : []))
    .join("\n");
}

function stepsOf(message: Row, role: "system" | "user" | "assistant", tools: Map<string, string>): Step[] {
  const said = (text: string): Step => ({ kind: role === "user" ? "user" : "text", text });
  const thought = given(message.reasoning_content) ?? given(message.reasoning) ?? given(message.thinking);
  const steps: Step[] = thought === undefined ? [] : [{ kind: "thinking", text: thought }];
  const content = message.content ?? message.value ?? message.refusal;
  if (typeof content === "string") {
    const { thinking, text } = role === "assistant" ? withoutThoughts(content) : { text: content };
    if (thinking !== undefined && thought === undefined) steps.push({ kind: "thinking", text: thinking });
    if (text.trim() !== "") steps.push(said(text));
  }
  for (const part of listOf(content)) steps.push(...partOf(inner(part), said, tools));
  for (const call of [...listOf(message.tool_calls), message.function_call]) {
    if (isRow(call)) steps.push(callOf(call, tools));
  }
  return steps;
}

function partOf(part: Row, said: (text: string) => Step, tools: Map<string, string>): Step[] {
  const text = given(part.text);
  const thinking = given(part.thinking) ?? (part.type === "reasoning" ? text : undefined);
  if (thinking !== undefined) return [{ kind: "thinking", text: thinking }];
  if (part.type === "tool_use") return [callOf({ ...part, arguments: part.input }, tools)];
  if (part.type === "tool_result") {
    return [resultOf({ ...part, tool_call_id: part.tool_use_id, isError: part.is_error }, tools)];
  }
  return text === undefined ? [] : [said(text)];
}

function callOf(call: Row, tools: Map<string, string>): Step {
  const target = isRow(call.function) ? call.function : call;
  const name = given(target.name) ?? "tool";
  if (typeof call.id === "string") tools.set(call.id, name);
  return { kind: "tool_call", name, input: target.arguments ?? {} };
}

function resultOf(message: Row, tools: Map<string, string>): Step {
  const name = given(message.name) ?? tools.get(word(message.tool_call_id)) ?? "tool";
  return { kind: "tool_result", name, text: contentText(message), isError: message.isError === true };
}

/** The text of a tool's result: a string, or parts of which the text counts. */
export function contentText({ content, value }: Row): string {
  const result = content ?? value ?? "";
  if (typeof result === "string") return result;
  if (!Array.isArray(result)) return JSON.stringify(result);
  return result.map((part) => given(inner(part).text) ?? (word(part) || "[not text]")).join("\n");
}

/** Open models write their thoughts before the answer; some servers leave the opening mark out. */
function withoutThoughts(content: string): { thinking?: string; text: string } {
  const end = content.indexOf("</think>");
  if (end < 0) return { text: content };
  const thinking = content.slice(0, end).replace(/^\s*<think>/, "");
  const text = content.slice(end + "</think>".length);
  return thinking.trim() === "" ? { text } : { thinking: thinking.trim(), text: text.trim() };
}
