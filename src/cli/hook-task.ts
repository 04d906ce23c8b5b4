import { cleanText, cutMiddle } from "../model/text.ts";
import { MAX_TASK } from "../model/trace.ts";

/** How uses and traces name their source. */
export const CLAUDE_CODE_HOOK = "claude-code hook";

/** The marks for what was cut or redacted may be longer than what they stand for. */
export const SLACK = 0.95;

/** A prompt as a task: the same words for the use, before the turn, and for the trace, after it. */
export function taskOf(prompt: string): string {
  return cutMiddle(cleanText(prompt).trim(), MAX_TASK * SLACK);
}
