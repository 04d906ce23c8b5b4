import * as z from "zod";

/**
 * What the loaders of the formats object to, written from their own rules and not from what we write: the format check of
 * OpenAI's cookbook on chat fine-tuning, the converters of LLaMA-Factory, and the dataset formats of TRL.
 */

type Row = Record<string, unknown>;
const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";

/** OpenAI: `messages` of role and content, known keys and roles only, no empty content, at least one assistant. */
export function openAiFaults(file: string): string[] {
  return lines(file).flatMap((row, i) => {
    const { messages } = row;
    if (!Array.isArray(messages) || messages.length === 0) return [`${i}: missing_messages_list`];
    const faults = messages.flatMap((message: unknown) => {
      if (!isRow(message)) return [`${i}: data_type`];
      return [
        ...("role" in message && "content" in message ? [] : [`${i}: message_missing_key`]),
        ...Object.keys(message)
          .filter((key) => !["role", "content", "name", "function_call", "weight"].includes(key))
          .map((key) => `${i}: message_unrecognized_key ${key}`),
        ...(["system", "user", "assistant", "function"].includes(String(message.role))
          ? []
          : [`${i}: unrecognized_role`]),
        ...(isText(message.content) ? [] : [`${i}: missing_content`]),
      ];
    });
    const last: unknown = messages.at(-1);
    return isRow(last) && last.role === "assistant"
      ? faults
      : [...faults, `${i}: must end with the assistant`];
  });
}

/** LLaMA-Factory, ShareGPT: human or observation at odd places, gpt or function_call at even ones, and an even count. */
export function shareGptFaults(file: string): string[] {
  return array(file).flatMap((row, i) => {
    const { conversations } = row;
    if (!Array.isArray(conversations)) return [`${i}: no conversations`];
    const turns = conversations[0]?.from === "system" ? conversations.slice(1) : conversations;
    const accepted = [
      ["human", "observation"],
      ["gpt", "function_call"],
    ];
    return [
      ...turns.flatMap((turn, at) =>
        accepted[at % 2]?.includes(turn.from) ? [] : [`${i}: Invalid role tag ${turn.from}`],
      ),
      ...turns.flatMap((turn) => (isText(turn.value) ? [] : [`${i}: no value`])),
      ...(turns.length > 0 && turns.length % 2 === 0 ? [] : [`${i}: Invalid message count`]),
    ];
  });
}

/** LLaMA-Factory, Alpaca: a text as instruction, `input` and `output` as texts; input is joined to the instruction. */
export function alpacaFaults(file: string): string[] {
  return array(file).flatMap((row, i) => [
    ...(isText(row.instruction) ? [] : [`${i}: no instruction`]),
    ...(typeof row.input === "string" ? [] : [`${i}: no input`]),
    ...(isText(row.output) ? [] : [`${i}: no output`]),
  ]);
}

/** TRL, DPO in the standard format: three texts, of which chosen and rejected differ. */
export function preferenceFaults(file: string): string[] {
  return lines(file).flatMap((row, i) => [
    ...["prompt", "chosen", "rejected"].filter((key) => !isText(row[key])).map((key) => `${i}: no ${key}`),
    ...(row.chosen === row.rejected ? [`${i}: nothing to prefer`] : []),
  ]);
}

/** The specification of Agent Skills (agentskills.io), as its reference validator checks it. */
export function skillFaults(folder: string, front: unknown): string[] {
  const allowed = ["name", "description", "license", "compatibility", "metadata", "allowed-tools"];
  const name = z
    .string()
    .max(64)
    .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/)
    .refine((value) => value === folder, "differs from its folder");
  const schema = z.strictObject({
    name,
    description: z.string().trim().min(1).max(1024),
    license: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
  });
  const parsed = schema.safeParse(front);
  const unknown = isRow(front) ? Object.keys(front).filter((key) => !allowed.includes(key)) : [];
  return [
    ...unknown,
    ...(parsed.error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`),
  ];
}

export function lines(file: string): Row[] {
  return file
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function array(file: string): Row[] {
  const value: unknown = JSON.parse(file);
  if (!Array.isArray(value)) throw new Error("no JSON array");
  return value;
}
