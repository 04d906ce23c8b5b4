import { HandbookError } from "../errors.ts";

/** The lines between which a file of somebody else holds our part. */
export interface Marks {
  start: string;
  end: string;
}

/**
 * The text with `block` between the marks: in the place of an earlier one, else at the end after a blank line.
 *
 * Throws: BAD_FILE when a mark is there alone or twice.
 */
export function putBlock(text: string, block: string, marks: Marks, file: string): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = [marks.start, block, marks.end].join("\n").replaceAll("\n", eol);
  const found = findBlock(text, marks, file);
  if (found !== undefined) return text.slice(0, found.from) + lines + text.slice(found.to);
  const gap = text === "" || text.endsWith(eol + eol) ? "" : text.endsWith(eol) ? eol : eol + eol;
  return text + gap + lines + eol;
}

/**
 * The text without the block between the marks and without the blank line that set it apart.
 *
 * Throws: BAD_FILE when a mark is there alone or twice.
 */
export function takeBlock(text: string, marks: Marks, file: string): string {
  const found = findBlock(text, marks, file);
  if (found === undefined) return text;
  const after = text.slice(found.to).replace(/^\r?\n/, "");
  const before = text.slice(0, found.from);
  const isApart = /^(?:\r?\n|$)/.test(after);
  return (isApart ? before.replace(/(\r?\n)\r?\n$/, "$1") : before) + after;
}

function findBlock(
  text: string,
  { start, end }: Marks,
  file: string,
): { from: number; to: number } | undefined {
  const starts = text.split(start).length - 1;
  const ends = text.split(end).length - 1;
  if (starts === 0 && ends === 0) return undefined;
  const from = text.indexOf(start);
  const to = text.indexOf(end) + end.length;
  if (starts === 1 && ends === 1 && from < to) return { from, to };
  throw new HandbookError("BAD_FILE", `${file} has the mark "${start}" or "${end}" alone or twice`, {
    fix: "Remove these marks and what is between them by hand, and run this again; nothing was changed",
  });
}
