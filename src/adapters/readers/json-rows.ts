import { pipeline, Readable } from "node:stream";
import { HandbookError } from "../../errors.ts";
import { badFile } from "./import-faults.ts";
import { decoded, type ImportFile, MAX_DOCUMENT_BYTES, MAX_LINE_BYTES } from "./import-file.ts";

/** A row of a file with its place for people, `line 3` or `row 3` of a document; `refused` says why it has no value. */
export type JsonRow = { place: string } & ({ value: unknown } | { refused: string });

/** JSON Lines, one value a line, each for itself. */
export async function* rowsOfLines(file: ImportFile): AsyncGenerator<JsonRow> {
  for await (const line of file.lines()) {
    const place = `line ${line.number}`;
    yield { place, ...("refused" in line ? { refused: line.refused } : parsed(line.text)) };
  }
}

/** The rows of a document: those of an array, or the value itself as the only one. */
export function* rowsOfValue(value: unknown): Generator<JsonRow> {
  for (const [i, row] of (Array.isArray(value) ? value : [value]).entries())
    yield { place: `row ${i + 1}`, value: row };
}

/**
 * One JSON document of any size: up to 32 MB (`atOnce`) as a whole, beyond that an array row by row, a batch of spans span by
 * span, and anything else up to 256 MB without the copies of its own beginning that SWE-agent writes with every step.
 *
 * Throws: BAD_FILE when it is no JSON, or when one row is beyond 64 MB.
 */
export async function* rowsOfDocument(
  file: ImportFile,
  { atOnce = MAX_LINE_BYTES } = {},
): AsyncGenerator<JsonRow> {
  const chunks = file.chunks();
  const begun: Buffer[] = [];
  let bytes = 0;
  while (bytes <= atOnce) {
    const next = await chunks.next();
    if (next.done) {
      const text = decoded(begun);
      if ("refused" in text) throw badFile(`${file.path} ${text.refused}`);
      return yield* rowsOfValue(parseDocument(file.path, text.text));
    }
    begun.push(next.value);
    bytes += next.value.length;
  }
  yield* streamed(file, begun, chunks);
}

/**
 * A JSON document as a value.
 *
 * Throws: BAD_FILE when it is none, with the place where it breaks.
 */
export function parseDocument(path: string, text: string): unknown {
  const document = parsed(text.replace(/^\uFEFF/, ""));
  if ("refused" in document) throw badFile(`${path} ${document.refused}`);
  return document.value;
}

function parsed(text: string): { value: unknown } | { refused: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    // The engine's message quotes the file, so only the place is taken from it.
    const position = /at position (\d+)/.exec(String(error))?.[1];
    const at = position === undefined ? "" : ` at character ${Number(position) + 1}`;
    return { refused: `is not valid JSON${at}` };
  }
}

/** One span, wherever it stands in a batch. */
const SPANS = /^resourceSpans\.\d+\.scopeSpans\.\d+\.spans\.\d+$/;
/** What SWE-agent repeats with every step. */
const REPEATED = /^trajectory\.\d+\.(?:query|messages|state|extra_info)$/;

async function* streamed(
  file: ImportFile,
  begun: Buffer[],
  rest: AsyncIterable<Buffer>,
): AsyncGenerator<JsonRow> {
  const isArray = /^\uFEFF?\s*\[/.test(file.head);
  const isSpans = !isArray && file.head.includes('"resourceSpans"');
  const most = isArray || isSpans ? 2 * MAX_LINE_BYTES : MAX_DOCUMENT_BYTES;
  let fed = 0; // since the last row
  let rows = 0;
  const source = async function* () {
    for await (const chunk of all(begun, rest)) {
      fed += chunk.length;
      if (fed > most) throw tooLong(file.path, rows + 1, most);
      yield chunk;
    }
  };
  const stages = isArray ? await arrayStages() : await objectStages(isSpans);
  try {
    // An error comes out of the iteration.
    pipeline([Readable.from(source(), { highWaterMark: 1 }), ...stages], () => {});
    for await (const { value } of stages.at(-1) ?? []) {
      fed = 0;
      rows++;
      yield { place: `row ${rows}`, value };
    }
  } catch (error) {
    if (error instanceof HandbookError) throw error;
    throw badFile(`${file.path} is not valid JSON after row ${rows}`, error);
  }
}

async function arrayStages() {
  const { streamArray } = await import("stream-json/streamers/stream-array.js");
  return [streamArray.withParserAsStream()];
}

async function objectStages(isSpans: boolean) {
  const { streamValues } = await import("stream-json/streamers/stream-values.js");
  if (isSpans) {
    const { pick } = await import("stream-json/filters/pick.js");
    return [pick.withParserAsStream({ filter: SPANS }), streamValues.asStream()];
  }
  const { ignore } = await import("stream-json/filters/ignore.js");
  return [ignore.withParserAsStream({ filter: REPEATED }), streamValues.asStream()];
}

async function* all(begun: Buffer[], rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for (let chunk = begun.shift(); chunk !== undefined; chunk = begun.shift()) yield chunk; // not kept
  yield* rest;
}

function tooLong(path: string, row: number, most: number): HandbookError {
  return new HandbookError("BAD_FILE", `${path} has more than ${most >> 20} MB in row ${row}`, {
    fix: "Write its rows as JSONL, one object a line of at most 32 MB",
  });
}
