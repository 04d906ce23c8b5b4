import * as z from "zod";
import { HandbookError } from "../errors.ts";
import { withPrefix } from "../model/behavior.ts";
import { Candidate } from "../model/reflection.ts";
import type { ChatMessage } from "../ports/models.ts";

/** Bump on any change of wording: behaviors point here. */
export const EXTRACT_VERSION = "extract-1";

/**
 * Asks for the suggestions of a reflection as one JSON object, name to instruction. `conversation` is the
 * reflection prompt and its answer, replayed.
 *
 * Source: Didolkar et al. 2025, arXiv:2509.13237, the behavior prompt. We differ in asking for the situation and
 * for keywords beside the instruction: retrieval lives on them.
 */
export function extractMessages(conversation: readonly ChatMessage[]): ChatMessage[] {
  return [
    ...conversation,
    {
      role: "user",
      content: [
        "Now write the behaviors you suggested as one JSON object and nothing else. Each key is a name that starts with " +
          "behavior_ in snake_case. Each value is an object with these fields: instruction (what to do, one to three " +
          "sentences, at most 600 characters), when (the situation, in words such a task would use), keywords (a list of " +
          "other words of such tasks), topic (the field, in one or two words).",
        "Write {} when you suggested none.",
      ].join("\n\n"),
    },
  ];
}

/** Asks once more for what could not be read; `fault` is ours, as `readExtraction` throws it. */
export function mendMessages(asked: readonly ChatMessage[], answer: string, fault: string): ChatMessage[] {
  return [
    ...asked,
    { role: "assistant", content: answer.trim() === "" ? "{" : answer },
    {
      role: "user",
      content: `That cannot be used: ${fault}. Write the whole JSON object again, and nothing else.`,
    },
  ];
}

const MAX_WHEN = 500;
const MAX_KEYWORDS = 20;
const MAX_KEYWORD = 60;

// What is only nice to have is mended; the name and the instruction are taken as they are or refused.
const Keywords = z
  .union([z.array(z.string()), z.string().transform((list) => list.split(","))])
  .transform((list) =>
    list.map((word) => word.trim()).filter((word) => word !== "" && word.length <= MAX_KEYWORD),
  )
  .transform((list) => list.slice(0, MAX_KEYWORDS));
const Details = z.object({
  instruction: z.string(),
  when: z
    .string()
    .nullish()
    .transform((when) => (when ?? "").slice(0, MAX_WHEN).toWellFormed()),
  keywords: Keywords.nullish().transform((keywords) => keywords ?? []),
  topic: z
    .string()
    .nullish()
    .transform((topic) => topic?.trim().slice(0, 80) || undefined),
});
const ByName = z.record(
  z.string(),
  z.union([z.string().transform((instruction) => ({ instruction })), Details]),
);
const Named = z.array(Details.extend({ name: z.string() }));

/**
 * The candidates in a model's answer. Read tolerantly: thoughts before the answer, a fenced block, text around the
 * object, a list, an instruction alone as value, and a missing or plural prefix are all fine.
 *
 * Throws: LLM_BAD_OUTPUT, naming the problem. Half of an answer is never used.
 */
export function readExtraction(answer: string): Candidate[] {
  const given = unwrapped(parseObject(answer));
  const parsed = Array.isArray(given)
    ? Named.safeParse(given)
    : ByName.transform((all) =>
        Object.entries(all).map(([name, details]) => ({ ...details, name })),
      ).safeParse(given);
  if (!parsed.success) throw unreadable(faults(parsed.error));
  const candidates = z
    .array(Candidate)
    .safeParse(parsed.data.map((one) => ({ ...one, name: withPrefix(one.name) })));
  if (!candidates.success) throw unreadable(faults(candidates.error));
  return candidates.data;
}

/** What stands under "behaviors", where a model wrote that around its object or list. */
function unwrapped(value: unknown): unknown {
  const isWrapped = typeof value === "object" && value !== null && Object.keys(value).join() === "behaviors";
  const inside = isWrapped ? Object.values(value)[0] : value;
  return typeof inside === "object" ? inside : value;
}

function parseObject(answer: string): unknown {
  const text = answer.replace(/^[\s\S]*<\/think>/, "").trim();
  const fenced = /```(?:json)?\s*\n([\s\S]*?)```/.exec(text)?.[1];
  const inside = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
  for (const source of [fenced, text, inside]) {
    if (!source) continue;
    try {
      return JSON.parse(source);
    } catch {
      // the next reading may be the one
    }
  }
  throw unreadable(inside === "" ? "it holds no JSON object" : "its JSON does not parse");
}

// Paths and zod's own words only: what the model wrote stays out of the message.
function faults(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.map(String).join(".").slice(0, 100) || "the object"}: ${message}`)
    .join("; ");
}

function unreadable(problem: string): HandbookError {
  return new HandbookError("LLM_BAD_OUTPUT", `the model's answer cannot be read as behaviors: ${problem}`, {
    fix: "Nothing was stored. Try again, or set HANDBOOK_MODEL to another model",
  });
}
