import * as z from "zod";

export type ContentBlock =
  | { type: "text" | "thinking"; text: string }
  | { type: "tool_use"; id: string; name: string; input?: unknown }
  | { type: "tool_result"; id: string; text: string; isError: boolean };

interface EntryBase {
  uuid?: string | undefined;
  timestamp?: string | undefined;
  /** Written by a subagent: in a file of its own, or, in older versions, in the same one. */
  isSidechain: boolean;
}

export interface AssistantEntry extends EntryBase {
  type: "assistant";
  messageId?: string | undefined;
  model?: string | undefined;
  content: ContentBlock[];
  /** Null: the message was still being written. Undefined: this version does not say. */
  stopReason: string | null | undefined;
  usage?: { output_tokens: number; input_tokens: number } | undefined;
}

export interface UserEntry extends EntryBase {
  type: "user";
  content: ContentBlock[];
  isCompactSummary: boolean;
  /** Written by the client: an expanded command, a notice, a summary. */
  isOfTheClient: boolean;
}

/** What the user typed while the agent was at work. */
export interface QueuedEntry extends EntryBase {
  type: "attachment";
  text: string;
}

export type Entry = AssistantEntry | UserEntry | QueuedEntry;

const Instant = z.iso.datetime({ offset: true }).nullish().catch(undefined);
const Flag = z.boolean().nullish().catch(undefined);
const Count = z.int().min(0).nullish();

const Text = z.object({ type: z.literal("text"), text: z.string() });
const Blocks = z
  .array(
    z.union([
      Text,
      z
        .object({ type: z.literal("thinking"), thinking: z.string() })
        .transform(({ type, thinking }) => ({ type, text: thinking })),
      z.object({
        type: z.literal("tool_use"),
        id: z.string(),
        name: z.string(),
        input: z.unknown().optional(),
      }),
      z
        .object({
          type: z.literal("tool_result"),
          tool_use_id: z.string(),
          content: z.unknown().optional(),
          is_error: Flag,
        })
        .transform(({ type, tool_use_id, content, is_error }) => ({
          type,
          id: tool_use_id,
          text: resultText(content),
          isError: is_error === true,
        })),
      z.unknown().transform(() => undefined), // images, signatures, what later versions add
    ]),
  )
  .transform((blocks) => blocks.filter((block) => block !== undefined));
const Content = z.union([
  z.string().transform((text): ContentBlock[] => [{ type: "text", text }]),
  Blocks.transform((blocks): ContentBlock[] => blocks),
]);

const base = { uuid: z.string().nullish(), timestamp: Instant, isSidechain: Flag };
const Line = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("assistant"),
    ...base,
    message: z.object({
      id: z.string().nullish(),
      model: z.string().nullish(),
      content: Content,
      stop_reason: z.string().nullish(),
      usage: z
        .object({
          output_tokens: z.int().min(0),
          input_tokens: Count,
          cache_creation_input_tokens: Count,
          cache_read_input_tokens: Count,
        })
        .nullish()
        .catch(undefined),
    }),
  }),
  z.object({
    type: z.literal("user"),
    ...base,
    isMeta: Flag,
    isCompactSummary: Flag,
    isVisibleInTranscriptOnly: Flag,
    promptSource: z.string().nullish().catch(undefined),
    origin: z.object({ kind: z.string() }).nullish().catch(undefined),
    message: z.object({ content: Content }),
  }),
  z.object({
    type: z.literal("attachment"),
    ...base,
    attachment: z.object({
      type: z.literal("queued_command"),
      commandMode: z.literal("prompt"),
      prompt: Content,
    }),
  }),
]);

/** One line of a transcript, where it is one that tells what was said or done; anything else is undefined. */
export function readEntry(line: string): Entry | undefined {
  try {
    return entryOf(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** The same of a line that is parsed already. */
export function entryOf(json: unknown): Entry | undefined {
  const parsed = Line.safeParse(json);
  if (!parsed.success) return undefined;
  const entry = parsed.data;
  const common = {
    uuid: entry.uuid ?? undefined,
    timestamp: entry.timestamp ?? undefined,
    isSidechain: entry.isSidechain === true,
  };
  switch (entry.type) {
    case "assistant": {
      const { id, model, content, stop_reason, usage } = entry.message;
      return {
        type: "assistant",
        ...common,
        messageId: id ?? undefined,
        model: model ?? undefined,
        content,
        stopReason: stop_reason,
        usage: usage
          ? {
              output_tokens: usage.output_tokens,
              input_tokens:
                (usage.input_tokens ?? 0) +
                (usage.cache_creation_input_tokens ?? 0) +
                (usage.cache_read_input_tokens ?? 0),
            }
          : undefined,
      };
    }
    case "user":
      return {
        type: "user",
        ...common,
        content: entry.message.content,
        isCompactSummary: entry.isCompactSummary === true,
        isOfTheClient:
          entry.isMeta === true ||
          entry.isCompactSummary === true ||
          entry.isVisibleInTranscriptOnly === true ||
          entry.promptSource === "system" ||
          entry.origin?.kind === "task-notification",
      };
    case "attachment":
      return { type: "attachment", ...common, text: personsText(entry.attachment.prompt) };
  }
}

/** A tool's result: a string, or blocks of which the text counts. */
function resultText(content: unknown): string {
  if (typeof content === "string") return content;
  const blocks = z.array(z.union([Text, z.unknown().transform(() => undefined)])).safeParse(content);
  if (!blocks.success) return "";
  return blocks.data.map((block) => block?.text ?? "[not text]").join("\n");
}

/**
 * What a user entry begins: a turn by a prompt; a turn by a command, unless the client only ran it itself and wrote
 * its output below; or nothing.
 */
export function promptOf(
  entry: UserEntry,
): { kind: "prompt" | "command"; text: string } | { kind: "command output" | "nothing" } {
  if (entry.isOfTheClient || entry.content.some(({ type }) => type === "tool_result"))
    return { kind: "nothing" };
  const whole = entry.content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join("\n");
  if (/^\s*<local-command-std(?:out|err)>/.test(whole)) return { kind: "command output" };
  const command = /<command-name>\s*([^<]+?)\s*<\/command-name>/.exec(whole)?.[1];
  if (command !== undefined) {
    const words = /<command-args>\s*([\s\S]*?)\s*<\/command-args>/.exec(whole)?.[1] ?? "";
    return { kind: "command", text: `/${command.replace(/^\//, "")} ${words}`.trim() };
  }
  if (NOT_A_PROMPT.test(whole)) return { kind: "nothing" };
  if (whole.trim() === "") return { kind: "prompt", text: "[not text]" }; // an image alone
  const text = personsText(entry.content);
  return text === "" ? { kind: "nothing" } : { kind: "prompt", text };
}

const NOT_A_PROMPT =
  /^\s*(?:<(?:local-command-|bash-(?:input|std)|task-notification|teammate-message)|\[Request interrupted by user|Caveat: The messages below)/;

/** What the person wrote, without what the client adds: reminders, what an editor shows, marks around pasted text. */
function personsText(content: readonly ContentBlock[]): string {
  return content
    .flatMap((block) => (block.type === "text" ? [block.text] : []))
    .join("\n")
    .replace(/<(system-reminder|ide_opened_file|ide_selection)>[\s\S]*?<\/\1>/g, "")
    .replace(/<\/?pasted_content\b[^>]*>\n?/g, "")
    .trim();
}
