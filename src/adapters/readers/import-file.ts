import type { ReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { HandbookError } from "../../errors.ts";
import { badFile } from "./import-faults.ts";

// A trace at its limits takes 14 MB when every character of it is escaped; the rest is room for fields we do not read.
export const MAX_LINE_BYTES = 32 * 1024 * 1024;
// V8 holds no string beyond 512 MB, and a document is held as bytes, as text and as values.
export const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;
/** Why a line has no text. */
export const TOO_LONG = "is longer than 32 MB";
const HEAD_BYTES = 64 * 1024;
const CHUNK_BYTES = 64 * 1024;
const LINE_FEED = 10;

/** A line that is not blank, with its number from 1; `refused` says why it has no text. */
export type Line = { number: number } & ({ text: string } | { refused: string });

/** A text file, opened once and read once, from front to back: a pipe serves as well. */
export interface ImportFile extends AsyncDisposable {
  readonly path: string;
  /** The first 64 KB, for recognizing what it is; a character may be cut at the end. */
  readonly head: string;
  /** Bytes on disk, 0 when nobody knows. */
  readonly size: number;
  /** How many of them have been read. */
  taken(): number;
  /** Line by line, in the memory of one line. What breaks the file off midway is the reason of a last line. */
  lines(): AsyncGenerator<Line>;
  /** As bytes, unzipped. Throws BAD_FILE when the compressed data breaks off. */
  chunks(): AsyncGenerator<Buffer>;
  /**
   * All of it.
   *
   * Throws: BAD_FILE when it is no UTF-8, is damaged or is beyond 256 MB.
   */
  text(): Promise<string>;
}

/**
 * Opens a text file for import, through gzip when its content says so, whatever its name.
 *
 * Throws: BAD_FILE when it cannot be read, is empty or is UTF-16.
 */
export async function openImportFile(path: string): Promise<ImportFile> {
  const begun: Buffer[] = [];
  const { stream, chunks, size } = await begin(path, begun);
  const beginning = Buffer.concat(begun).subarray(0, HEAD_BYTES);
  const head = new TextDecoder().decode(beginning);
  const fault = head.trim() === "" ? "is empty" : isUtf16(beginning) ? "is UTF-16, not UTF-8" : undefined;
  if (fault !== undefined) {
    stream.destroy();
    throw badFile(`${path} ${fault}`);
  }
  const all = async function* () {
    yield* begun.splice(0); // not kept beyond their reading
    yield* chunks;
  };
  return {
    path,
    head,
    size,
    taken: () => stream.bytesRead,
    lines: () => splitLines(all()),
    chunks: () => readable(path, all()),
    text: () => wholeText(path, all()),
    async [Symbol.asyncDispose]() {
      stream.destroy();
    },
  };
}

/** What Windows calls Unicode: it says so in its first two bytes. */
function isUtf16(bytes: Buffer): boolean {
  return (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
}

/** Reads the beginning into `begun`; what follows is in `chunks`. */
async function begin(
  path: string,
  begun: Buffer[],
): Promise<{ stream: ReadStream; chunks: AsyncGenerator<Buffer>; size: number }> {
  let stream: ReadStream | undefined;
  try {
    const file = await open(path);
    stream = file.createReadStream({ highWaterMark: CHUNK_BYTES }); // closes the file when it ends
    const { size } = await file.stat();
    const chunks = await unzipped(stream[Symbol.asyncIterator]());
    for (let bytes = 0; bytes < HEAD_BYTES; ) {
      const next = await chunks.next();
      if (next.done) break;
      begun.push(next.value);
      bytes += next.value.length;
    }
    return { stream, chunks, size };
  } catch (cause) {
    stream?.destroy();
    throw unreadable(`cannot read ${path}: ${faultOf(cause)}`, cause);
  }
}

async function unzipped(bytes: NodeJS.AsyncIterator<Buffer>): Promise<AsyncGenerator<Buffer>> {
  const first = await bytes.next();
  const all = (async function* () {
    if (!first.done) yield first.value;
    yield* bytes;
  })();
  const isGzip = !first.done && first.value[0] === 0x1f && first.value[1] === 0x8b;
  if (!isGzip) return all;
  // One chunk ahead, so that `taken` tells how far the reader is. An error comes out of the iteration.
  const gunzip = pipeline(Readable.from(all, { highWaterMark: 1 }), createGunzip(), () => {});
  return (async function* () {
    yield* gunzip;
  })();
}

// Not `node:readline`: it also breaks lines at U+2028 and U+2029, which may stand inside a JSON string, holds a line
// however long it is, and puts U+FFFD where bytes are no UTF-8 without a word.
async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let number = 0;
  let parts: Buffer[] = [];
  let bytes = 0;
  const add = (part: Buffer) => {
    bytes += part.length;
    if (bytes > MAX_LINE_BYTES) parts = [];
    else parts.push(part);
  };
  const finished = (): Line | undefined => {
    number++;
    const line = bytes > MAX_LINE_BYTES ? { refused: TOO_LONG } : decoded(parts);
    parts = [];
    bytes = 0;
    return "text" in line && line.text.trim() === "" ? undefined : { number, ...line };
  };
  try {
    for await (const chunk of chunks) {
      let from = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
        add(chunk.subarray(from, end));
        from = end + 1;
        const line = finished();
        if (line !== undefined) yield line;
      }
      add(chunk.subarray(from));
    }
  } catch (error) {
    yield { number: number + 1, refused: `the file ends here: ${faultOf(error)}` };
    return;
  }
  const last = finished();
  if (last !== undefined) yield last;
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes as text, where they are UTF-8. */
export function decoded(parts: readonly Buffer[]): { text: string } | { refused: string } {
  const [only] = parts; // most lines lie within one chunk, and need no copy
  const bytes = only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
  try {
    return { text: UTF_8.decode(bytes) };
  } catch {
    return { refused: "is not UTF-8" };
  }
}

async function* readable(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* chunks;
  } catch (cause) {
    throw unreadable(`cannot read ${path} to its end: ${faultOf(cause)}`, cause);
  }
}

async function wholeText(path: string, chunks: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readable(path, chunks)) {
    bytes += chunk.length;
    if (bytes > MAX_DOCUMENT_BYTES) break;
    parts.push(chunk);
  }
  if (bytes > MAX_DOCUMENT_BYTES) {
    throw new HandbookError("BAD_FILE", `${path} is one JSON document of more than 256 MB`, {
      fix: "Write its rows as JSONL, one object a line: that may be of any size",
    });
  }
  const text = decoded(parts);
  if ("refused" in text) throw badFile(`${path} ${text.refused}`);
  return text.text;
}

/** What a file could hold is no help where it cannot be read. */
function unreadable(message: string, cause: unknown): HandbookError {
  return new HandbookError("BAD_FILE", message, {
    fix: "Check its path, its permissions and that it is whole",
    cause,
  });
}

function faultOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "it is a directory";
    case "EACCES":
    case "EPERM":
      return "reading it is not allowed";
    default:
      return code.startsWith("Z_") ? "the compressed data is damaged or cut off" : "reading it failed";
  }
}
