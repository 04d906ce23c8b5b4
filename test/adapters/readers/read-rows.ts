import type { TranscriptFormat } from "../../../src/adapters/readers/transcript-formats.ts";
import { readRows } from "../../../src/adapters/readers/transcripts.ts";

/** Reads values as the lines of one file. */
export async function readLines(values: readonly unknown[], from: "auto" | TranscriptFormat = "auto") {
  const rows = values.map((value, i) => ({ place: `line ${i + 1}`, value }));
  const read = [];
  for await (const one of readRows(rows, from)) read.push(one);
  return read;
}

/** The traces of values that all can be read. */
export async function tracesOf(values: readonly unknown[], from?: "auto" | TranscriptFormat) {
  return (await readLines(values, from)).map((read) => {
    if (!("trace" in read)) throw new Error(`${read.place}: ${read.reason}`);
    return read.trace;
  });
}
