import type * as z from "zod";
import { HandbookError } from "../../errors.ts";
import type { Problem } from "../../model/problem.ts";
import { cleanText } from "../../model/text.ts";

/** What import reads, for whoever gave it something else. */
export const ACCEPTED =
  'Give it a handbook (JSON with "format": "behavior-handbook/1"), traces or transcripts of agents (JSONL with one ' +
  "object a line, or a JSON array; either may be .gz), an ACE playbook (lines such as [shr-00001] text under ## headings), a SKILL.md or a folder of them, a Dynamic " +
  "Cheatsheet, or thought-templates of Buffer of Thoughts, in UTF-8";

/** What of a file was not taken in: where it stands (`line 3`), and why. */
export interface Refused {
  place: string;
  reason: string;
  /** The task, with its right answer where that stands there too: a problem that nobody has tried. */
  problem?: Pick<Problem, "task"> &
    Partial<Pick<Problem, "answer" | "choices">> & { handbook?: string | undefined };
}

/** Nothing in the file can be imported, and what can. */
export function badFile(message: string, cause?: unknown): HandbookError {
  return new HandbookError("BAD_FILE", message, { fix: ACCEPTED, cause });
}

/** What a schema objects to, in one line. Names of keys come from the file, so they are cleaned and cut. */
export function faultsOf(error: z.ZodError): string {
  const faults = error.issues.map(({ path, message }) =>
    [path.join("."), message].filter(Boolean).join(": "),
  );
  return cleanText(faults.join("; ")).slice(0, 200);
}
