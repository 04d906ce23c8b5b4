import { join } from "node:path";
import { expect, test } from "vitest";
import { writeArray, writeLines } from "../../bench/drawn-transcripts.ts";
import { readTranscripts } from "../../src/adapters/readers/transcripts.ts";
import { tempDirectory } from "../ports.ts";

test("the transcripts that the bench makes up are of every kind, and all of them are read", async () => {
  using directory = tempDirectory();
  const lines = await writeLines(join(directory.path, "a.jsonl"), 1_000_000);
  const array = await writeArray(join(directory.path, "b.json"), 100_000);
  const formats = new Set<string>();
  let traces = 0;
  for await (const read of readTranscripts([directory.path])) {
    if ("reason" in read) throw new Error(read.reason);
    formats.add(read.format);
    traces++;
  }
  expect(traces).toBe(lines + array);
  expect([...formats]).toHaveLength(7);
});
