import { open } from "node:fs/promises";
import { HandbookError } from "../errors.ts";
import { type Entry, promptOf, readEntry, type UserEntry } from "./claude-code-transcript-entry.ts";
import { linesFromEnd } from "./lines-from-end.ts";

/** What happened in a turn, in order. */
export type TurnStep =
  | { kind: "thinking"; text: string }
  | { kind: "text"; text: string }
  | { kind: "tool_call"; name: string; input: unknown }
  | { kind: "tool_result"; name: string; text: string; isError: boolean }
  /** Said while the agent was at work. */
  | { kind: "user"; text: string }
  /** The client replaced what came before by a summary; the model went on with that. */
  | { kind: "compacted" };

/** From the last prompt of the user to the end of the transcript. */
export interface Turn {
  prompt: string;
  steps: TurnStep[];
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

/**
 * Reads the last turn of a Claude Code transcript: JSON Lines, appended while the session runs. Undefined when it
 * has no prompt of a user. Lines that are broken or of unknown kinds are passed over, subagents and the client's own
 * messages left out.
 *
 * A message is written as one line per content block, all under its `message.id`. Its usage is repeated on every line
 * and grows while the message streams; the last line has the true count, and a `stop_reason`. Versions before
 * 2.1.79 wrote snapshots only, with `stop_reason: null`: such counts are not passed on.
 *
 * Source: code.claude.com/docs/en/hooks (fields and delays of the transcript); anthropics/claude-code#22686 and
 * #27361 (snapshots), titeya/dms-claudecode#52 and spm1001/deglacer (repeated usage, measured on 71,460 and 5,193
 * messages), waveterm pkg/agentsessions (which lines are prompts). `input_tokens` is what was not cached: what a
 * model read is that + cache_creation_input_tokens + cache_read_input_tokens (Anthropic, prompt caching).
 *
 * Throws: BAD_FILE when the file cannot be read.
 */
export async function readLastTurn(path: string): Promise<Turn | undefined> {
  try {
    await using file = await open(path);
    return await lastTurn(linesFromEnd(file));
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause)) throw cause; // not from the file system
    throw new HandbookError("BAD_FILE", "the transcript of the session cannot be read", {
      fix: "Look whether the client still writes it, at the path that its hook hands over",
      cause,
    });
  }
}

async function lastTurn(lines: AsyncIterable<string>): Promise<Turn | undefined> {
  const backwards: Entry[] = [];
  let start: { prompt: string; entry: UserEntry } | undefined;
  let isOutputOfCommand = false; // a command that the client ran by itself stands above its output
  for await (const line of lines) {
    const entry = readEntry(line);
    if (entry === undefined || entry.isSidechain) continue;
    if (start !== undefined) {
      if (entry.timestamp === undefined || entry.type === "attachment") continue;
      return turnOf(start.prompt, backwards.reverse(), entry.timestamp);
    }
    if (entry.type === "assistant") isOutputOfCommand = false;
    if (entry.type === "user") {
      const found = promptOf(entry);
      if (found.kind === "command output") isOutputOfCommand = true;
      if (found.kind === "prompt" || (found.kind === "command" && !isOutputOfCommand)) {
        start = { prompt: found.text, entry };
        continue;
      }
    }
    backwards.push(entry);
  }
  return start === undefined ? undefined : turnOf(start.prompt, backwards.reverse());
}

interface Message {
  steps: TurnStep[];
  usage?: { output_tokens: number; input_tokens: number } | undefined;
  /** Null where the client says that the message was still being written. */
  stopReason: string | null | undefined;
}

function turnOf(prompt: string, entries: readonly Entry[], before?: string): Turn {
  const steps: TurnStep[] = [];
  const messages = new Map<string, Message>();
  const tools = new Map<string, string>();
  const seen = new Set<string>();
  const turn: Turn = { prompt, steps, answer: "", isWhole: false, ...(before !== undefined && { before }) };
  let lastMessage: Message | undefined;
  for (const entry of entries) {
    // A compaction or a resumed session may write entries again.
    if (entry.uuid !== undefined && seen.has(entry.uuid)) continue;
    if (entry.uuid !== undefined) seen.add(entry.uuid);
    if (entry.timestamp !== undefined) turn.last = entry.timestamp;
    switch (entry.type) {
      case "user":
        if (entry.isCompactSummary) steps.push({ kind: "compacted" });
        for (const block of entry.content) {
          if (block.type !== "tool_result") continue;
          const { text, isError } = block;
          steps.push({ kind: "tool_result", name: tools.get(block.id) ?? "tool", text, isError });
        }
        break;
      case "attachment":
        steps.push({ kind: "user", text: entry.text });
        break;
      case "assistant": {
        if (entry.timestamp !== undefined) turn.firstAnswer ??= entry.timestamp;
        if (entry.model !== "<synthetic>" && entry.model !== undefined) turn.model = entry.model;
        const key = entry.messageId ?? entry.uuid ?? `line ${messages.size}`;
        const message = messages.get(key) ?? { steps: [], stopReason: undefined };
        messages.set(key, message);
        lastMessage = message;
        message.stopReason = entry.stopReason;
        // What the client wrote in the model's name cost nothing.
        message.usage = entry.model === "<synthetic>" ? { output_tokens: 0, input_tokens: 0 } : entry.usage;
        for (const block of entry.content) {
          if (block.type === "tool_use") {
            if (tools.has(block.id)) continue;
            tools.set(block.id, block.name);
            steps.push({ kind: "tool_call", name: block.name, input: block.input });
          } else if (block.type === "text" || block.type === "thinking") {
            addText(steps, message, { kind: block.type, text: block.text });
          }
        }
        break;
      }
    }
  }
  if (lastMessage !== undefined) {
    const texts = lastMessage.steps.flatMap((step) => (step.kind === "text" ? [step.text] : []));
    turn.answer = texts.join("\n");
    turn.isWhole = texts.length > 0 && lastMessage.stopReason !== null;
  }
  const usage = usageOf([...messages.values()]);
  return usage === undefined ? turn : { ...turn, usage };
}

/** Adds a text block, unless its message has it already; a longer version takes the place of the shorter one. */
function addText(steps: TurnStep[], message: Message, step: TurnStep & { text: string }): void {
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
  steps.push(step);
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
