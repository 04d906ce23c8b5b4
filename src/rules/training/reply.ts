import type { Trace } from "../../model/trace.ts";

/** What a model is to say: what it thought, where that is told apart, and its answer. */
export interface Reply {
  reasoning?: string;
  answer: string;
}

/** `keep`: thinking between `<think>` and `</think>`, then the answer. `drop`: the answer only. */
export type Thinking = "keep" | "drop";

const TAGS = /<\/?think(?:ing)?>/gi;
const TAGGED = /^\s*<think(?:ing)?>([\s\S]*?)<\/think(?:ing)?>\s*(\S[\s\S]*)$/i;

/** The reply of a trace. Reasoning without an answer is the reply itself, unless it marks its thinking. */
export function replyOf({ reasoning, answer }: Pick<Trace, "reasoning" | "answer">): Reply {
  const said = answer?.replace(TAGS, "").trim();
  if (said) return { reasoning: reasoning.replace(TAGS, "").trim(), answer: said };
  const [, thought, rest] = TAGGED.exec(reasoning) ?? [];
  if (thought?.trim() && rest !== undefined)
    return { reasoning: thought.replace(TAGS, "").trim(), answer: rest.replace(TAGS, "").trim() };
  return { answer: reasoning.replace(TAGS, "").trim() };
}

/** The reply as one text. */
export function replyText({ reasoning, answer }: Reply, thinking: Thinking): string {
  return thinking === "drop" || !reasoning ? answer : `<think>\n${reasoning}\n</think>\n\n${answer}`;
}

/** Whether a text holds the marks by which a chat template tells turns apart: a tokenizer would take them for such. */
export function hasTemplateMarks(text: string): boolean {
  return /<\|[a-z0-9_]+\|>|<｜[^<>]{1,40}｜>|\[\/?INST\]|<(?:start|end)_of_turn>/i.test(text);
}
