import { HandbookError } from "../../errors.ts";
import { saysItIsHandbook } from "./handbook-json-reader.ts";
import type { Refused } from "./import-faults.ts";
import { type ImportFile, openImportFile, TOO_LONG } from "./import-file.ts";
import { recognizeFormat } from "./import-format.ts";
import { type JsonRow, rowsOfDocument, rowsOfLines } from "./json-rows.ts";
import { readTraceRow } from "./trace-json-reader.ts";
import { isRow, type TraceRead, type TraceRow, type TranscriptReader } from "./trace-row.ts";
import { findFiles } from "./transcript-files.ts";
import { formatOf, isSession, openReader } from "./transcript-format.ts";
import type { TranscriptFormat } from "./transcript-formats.ts";

/** A trace, or what could not be read and why. `place` is for people: `line 3`, `row 3`, `the file`. */
export type TranscriptRead =
  | { file: string; place: string; format: TranscriptFormat; trace: TraceRow }
  | ({ file: string } & Refused);

/** How far a reading is, in bytes on disk. */
export interface ReadingProgress {
  total: number;
  taken: number;
}

export interface ReadingOptions {
  /** `auto`: told by the content of each row. */
  from?: "auto" | TranscriptFormat;
  /** Kept up to date while it goes on. */
  progress?: ReadingProgress;
}

/** The place of what is wrong with a file as a whole. */
export const THE_FILE = "the file";

/**
 * Reads attempts at tasks out of transcripts of any size and number, in bounded memory: files, directories and globs,
 * gzip by content. What cannot be read is told with its file, place and reason, and the rest goes on.
 *
 * Throws: BAD_FILE when no path stands for anything.
 */
export async function* readTranscripts(
  paths: readonly string[],
  { from = "auto", progress = { total: 0, taken: 0 } }: ReadingOptions = {},
): AsyncGenerator<TranscriptRead> {
  const files = await findFiles(paths);
  progress.total = files.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  for (const { path, size, refused } of files) {
    if (refused !== undefined) yield { file: path, place: THE_FILE, reason: refused };
    else {
      try {
        for await (const { taken, ...read } of readPath(path, from)) {
          progress.taken = before + Math.min(taken, size);
          yield { file: path, ...read };
        }
      } catch (error) {
        if (!(error instanceof HandbookError)) throw error;
        yield { file: path, place: THE_FILE, reason: withoutPath(error.message, path) };
      }
    }
    before += size;
    progress.taken = before;
  }
}

async function* readPath(path: string, from: "auto" | TranscriptFormat) {
  await using file = await openImportFile(path);
  for await (const read of readFile(file, from)) yield { ...read, taken: file.taken() };
}

function withoutPath(message: string, path: string): string {
  return message.replace(`${path} `, "").replace(` ${path}`, "");
}

/** Throws: BAD_FILE when nothing in the file can be read. */
async function* readFile(file: ImportFile, from: "auto" | TranscriptFormat) {
  const format = recognizeFormat(file.head);
  if (format === undefined || format === "ace") {
    const what = file.head.includes("\0") ? "is a binary file" : "is no transcript";
    const hint = format === "ace" ? "is an ACE playbook, not a transcript: use `handbook import`" : what;
    yield { place: THE_FILE, reason: hint };
    return;
  }
  const rows = format === "document" ? rowsOfDocument(file) : linesOf(file);
  let reads = 0;
  for await (const read of readRows(rows, from)) {
    reads++;
    yield read;
  }
  if (reads === 0) yield { place: THE_FILE, reason: "holds nothing that an agent did" };
}

/** Documents that are often written without a line break, and may be far longer than a line. */
const ONE_LINE_DOCUMENT = /^\uFEFF?\s*\{\s*"(?:resourceSpans|trajectory|environment)"/;

async function* linesOf(file: ImportFile): AsyncGenerator<JsonRow> {
  for await (const row of rowsOfLines(file)) {
    const isTooLong = "refused" in row && row.refused === TOO_LONG && row.place === "line 1";
    if (isTooLong && ONE_LINE_DOCUMENT.test(file.head)) return yield* rowsOfDocumentAt(file.path);
    yield row;
  }
}

async function* rowsOfDocumentAt(path: string): AsyncGenerator<JsonRow> {
  await using file = await openImportFile(path);
  yield* rowsOfDocument(file);
}

/** A row as its reader read it, with the format that it was read as. */
export type RowRead = (Extract<TraceRead, { trace: TraceRow }> & { format: TranscriptFormat }) | Refused;

/** Reads rows, each as what it is, or all of them as what `from` says. */
export async function* readRows(
  rows: AsyncIterable<JsonRow> | Iterable<JsonRow>,
  from: "auto" | TranscriptFormat,
): AsyncGenerator<RowRead> {
  const readers = new Map<TranscriptFormat, TranscriptReader>();
  let session: TranscriptFormat | undefined; // what the rows before were part of
  for await (const row of rows) {
    const { place } = row;
    if ("refused" in row) {
      yield { place, reason: row.refused };
      continue;
    }
    const { value } = row;
    if (!isRow(value)) {
      yield { place, reason: "is no JSON object" };
      continue;
    }
    if (saysItIsHandbook(value)) {
      yield { place, reason: "is a handbook, not a transcript: use `handbook import`" };
      continue;
    }
    const own = from === "auto" ? formatOf(value) : from;
    if (own !== undefined && isSession(own)) session = own;
    const format = own ?? session;
    if (format === undefined) {
      const read = readTraceRow(place, value);
      yield "trace" in read ? { ...read, format: "traces" } : read;
      continue;
    }
    const reader = readers.get(format) ?? openReader(format);
    readers.set(format, reader);
    try {
      for (const read of reader.take(place, value)) yield named(read, format);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // the engine has no more room on its stack
      yield { place, reason: "is nested too deeply" };
    }
  }
  for (const [format, reader] of readers) {
    for (const read of reader.end()) yield named(read, format);
  }
}

function named(read: TraceRead, format: TranscriptFormat): RowRead {
  return "trace" in read ? { ...read, format } : read;
}
