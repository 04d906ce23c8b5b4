import { type Step, Steps } from "./attempt.ts";
import type { AssistantEntry, Entry } from "./claude-code-transcript-entry.ts";

/** From a prompt of the user to the next one, or to the end of the transcript. */
export interface Turn {
  prompt: string;
  steps: Step[];
  /** Text of the last message. */
  answer: string;
  /** Whether the last message is whole: it has text and, where the client says so, the reason why it ended. */
  isWhole: boolean;
  model?: string;
  /** What the model was billed for; absent when the transcript does not tell it of every message. */
  usage?: { output_tokens: number; input_tokens: number };
  /** Instants: the last entry before the prompt, the first answer to it, the last entry. */
  before?: string;
  firstAnswer?: string;
  last?: string;
}

interface Message {
  steps: Step[];
  usage?: { output_tokens: number; input_tokens: number } | undefined;
  /** Null where the client says that the message was still being written. */
  stopReason: string | null | undefined;
}

/** Puts a turn together, entry by entry. */
export class TurnBuilder {
  readonly #steps = new Steps();
  readonly #messages = new Map<string, Message>();
  readonly #tools = new Map<string, string>();
  readonly #seen = new Set<string>();
  readonly #turn: Turn;
  #lastMessage: Message | undefined;

  constructor(prompt: string, before?: string) {
    const steps = this.#steps.list;
    this.#turn = { prompt, steps, answer: "", isWhole: false, ...(before !== undefined && { before }) };
  }

  get isEmpty(): boolean {
    return this.#steps.list.length === 0;
  }

  add(entry: Entry): void {
    // A compaction or a resumed session may write entries again.
    if (entry.uuid !== undefined && this.#seen.has(entry.uuid)) return;
    if (entry.uuid !== undefined) this.#seen.add(entry.uuid);
    if (entry.timestamp !== undefined) this.#turn.last = entry.timestamp;
    switch (entry.type) {
      case "user":
        if (entry.isCompactSummary) this.#steps.add({ kind: "compacted" });
        for (const block of entry.content) {
          if (block.type !== "tool_result") continue;
          const { text, isError } = block;
          this.#steps.add({ kind: "tool_result", name: this.#tools.get(block.id) ?? "tool", text, isError });
        }
        break;
      case "attachment":
        this.#steps.add({ kind: "user", text: entry.text });
        break;
      case "assistant":
        this.#addAnswer(entry);
        break;
    }
  }

  finished(): Turn {
    const turn = this.#turn;
    if (this.#lastMessage !== undefined) {
      const texts = this.#lastMessage.steps.flatMap((step) => (step.kind === "text" ? [step.text] : []));
      turn.answer = texts.join("\n");
      turn.isWhole = texts.length > 0 && this.#lastMessage.stopReason !== null;
    }
    const usage = usageOf([...this.#messages.values()]);
    return usage === undefined ? turn : { ...turn, usage };
  }

  #addAnswer(entry: AssistantEntry): void {
    const { model } = entry;
    if (entry.timestamp !== undefined) this.#turn.firstAnswer ??= entry.timestamp;
    if (model !== "<synthetic>" && model !== undefined) this.#turn.model = model;
    const key = entry.messageId ?? entry.uuid ?? `line ${this.#messages.size}`;
    const message = this.#messages.get(key) ?? { steps: [], stopReason: undefined };
    this.#messages.set(key, message);
    this.#lastMessage = message;
    message.stopReason = entry.stopReason;
    // What the client wrote in the model's name cost nothing.
    message.usage = model === "<synthetic>" ? { output_tokens: 0, input_tokens: 0 } : entry.usage;
    for (const block of entry.content) {
      if (block.type === "tool_use") {
        if (this.#tools.has(block.id)) continue;
        this.#tools.set(block.id, block.name);
        this.#steps.add({ kind: "tool_call", name: block.name, input: block.input });
      } else if (block.type === "text" || block.type === "thinking") {
        this.#addText(message, { kind: block.type, text: block.text });
      }
    }
  }

  /** Adds a text block, unless its message has it already; a longer version takes the place of the shorter one. */
  #addText(message: Message, step: Step & { text: string }): void {
    if (step.text === "") return;
    const earlier = message.steps.find(
      (known): known is typeof step =>
        known.kind === step.kind &&
        "text" in known &&
        (known.text.startsWith(step.text) || step.text.startsWith(known.text)),
    );
    if (earlier !== undefined) {
      if (step.text.length > earlier.text.length) earlier.text = step.text;
      return;
    }
    message.steps.push(step);
    this.#steps.add(step);
  }
}

function usageOf(messages: readonly Message[]): Turn["usage"] {
  const sum = { output_tokens: 0, input_tokens: 0 };
  for (const { usage, stopReason } of messages) {
    if (usage === undefined || stopReason === null) return undefined;
    sum.output_tokens += usage.output_tokens;
    sum.input_tokens += usage.input_tokens;
  }
  return messages.length === 0 ? undefined : sum;
}
