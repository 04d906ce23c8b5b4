import { writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { linesFromEnd } from "../../../src/adapters/readers/lines-from-end.ts";
import { tempDirectory } from "../../ports.ts";

async function linesOf(content: string): Promise<string[]> {
  using directory = tempDirectory();
  const path = join(directory.path, "lines");
  writeFileSync(path, content);
  await using file = await open(path);
  const lines: string[] = [];
  for await (const line of linesFromEnd(file)) lines.push(line);
  return lines;
}

const forwards = (content: string) => content.split("\n").filter((line) => line.trim() !== "");

test("lines come last one first, whatever their length and script", async () => {
  const line = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 50 }).map((text) => text.replaceAll("\n", " ")),
    fc.integer({ min: 100_000, max: 300_000 }).map((length) => "wörter 漢字 🙂 ".repeat(length / 10)),
  );
  const content = fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n"));
  await fc.assert(
    fc.asyncProperty(content, async (text) => {
      expect((await linesOf(text)).reverse()).toEqual(forwards(text.toWellFormed()));
    }),
    { numRuns: 40 },
  );
});

test("line ends at the edges of a block are seen", async () => {
  const block = 256 * 1024;
  for (const length of [block - 1, block, block + 1, 2 * block - 1, 2 * block]) {
    const content = `first\n${"x".repeat(length)}\nlast`;
    expect(await linesOf(content), String(length)).toEqual(["last", "x".repeat(length), "first"]);
  }
});

test("an empty file has no lines", async () => {
  expect(await linesOf("")).toEqual([]);
  expect(await linesOf("\n\n \n")).toEqual([]);
});
