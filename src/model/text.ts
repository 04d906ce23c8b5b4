import { stripVTControlCharacters } from "node:util";
import * as z from "zod";

// Tab, line feed and carriage return are text; the other control characters (terminal colors, NUL) are not,
// and bidirectional overrides can make a reader see another text than the model does.
const NOT_TEXT = /[[\p{Cc}--[\t\n\r]]\u202a-\u202e\u2066-\u2069]/v;
const LONE_SURROGATE = /\p{Cs}/u;
const ALL_NOT_TEXT = new RegExp(NOT_TEXT, "gv");

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
  if (!NOT_TEXT.test(value) && value.isWellFormed()) return value; // nearly always, and far quicker
  // Whole terminal sequences go, not only their escape character: "[31m" is noise too.
  return stripVTControlCharacters(value.toWellFormed()).replace(ALL_NOT_TEXT, "");
}

/**
 * The beginning and the end of a text with a mark between that says how much is left out. Traces tell their plan
 * at the beginning and their result at the end; the middle is what can best be missed.
 *
 * The result holds at most `keep` characters of the text, cut at line or word ends where one is near.
 */
export function cutMiddle(text: string, keep: number): string {
  if (text.length <= keep) return text;
  const half = Math.max(0, Math.floor(keep / 2));
  const head = atWordEnd(text.slice(0, half));
  const tail = atWordStart(text.slice(text.length - half));
  const left = text.length - head.length - tail.length;
  return `${head}\n[... ${left.toLocaleString("en-US")} characters left out ...]\n${tail}`;
}

const NEAR = 200;

function atWordEnd(text: string): string {
  const at = text.search(/\s\S*$/);
  const cut = at >= 0 && text.length - at <= NEAR ? text.slice(0, at) : text;
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

function atWordStart(text: string): string {
  const at = text.search(/\s/);
  const cut = at >= 0 && at <= NEAR ? text.slice(at + 1) : text;
  return cut.isWellFormed() ? cut : cut.slice(1);
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
