import { stripVTControlCharacters } from "node:util";
import * as z from "zod";

// Tab, line feed and carriage return are text; the other control characters (terminal colors, NUL) are not,
// and bidirectional overrides can make a reader see another text than the model does.
const NOT_TEXT = /(?![\t\n\r])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u;
const LONE_SURROGATE = /\p{Cs}/u;
const ALL_NOT_TEXT = new RegExp(NOT_TEXT, "gu");

/** Why a string is not clean text, or undefined when it is: names the first bad character and its place. */
export function textFault(value: string): string | undefined {
  const half = LONE_SURROGATE.exec(value);
  if (half !== null)
    return `has half a surrogate pair at character ${half.index + 1}: send well-formed Unicode`;
  const bad = NOT_TEXT.exec(value);
  if (bad === null) return undefined;
  const code = bad[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return `has the control character U+${code} at character ${bad.index + 1}: remove it`;
}

/** The same text without what `textFault` objects to, for input that no caller can correct (files, transcripts). */
export function cleanText(value: string): string {
  // Whole terminal sequences go, not only their escape character: "[31m" is noise too.
  return stripVTControlCharacters(value.toWellFormed()).replace(ALL_NOT_TEXT, "");
}

/** A string field of at most `max` UTF-16 units that holds clean text. Chain `.min(1)` where empty means missing. */
export function text(max: number) {
  return z
    .string()
    .max(max)
    .check((context) => {
      const fault = context.value.length > max ? undefined : textFault(context.value); // too long is told already
      if (fault !== undefined) context.issues.push({ code: "custom", message: fault, input: context.value });
    });
}

/** A required text: not empty, and not only white space. */
export function requiredText(max: number) {
  return text(max)
    .min(1)
    .check((context) => {
      if (context.value !== "" && context.value.trim() === "") {
        context.issues.push({ code: "custom", message: "is only white space", input: context.value });
      }
    });
}

export const Ulid = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, "is not an id that this server gives out");
export const Instant = z.iso.datetime();
