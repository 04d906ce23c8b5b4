import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { openImportFile } from "../../../src/adapters/readers/import-file.ts";
import { rowsOfDocument } from "../../../src/adapters/readers/json-rows.ts";
import { tempDirectory } from "../../ports.ts";

/** Reads a document as one that is too large to be read as a whole. */
async function streamed(content: string | Buffer) {
  using directory = tempDirectory();
  const path = join(directory.path, "file.json");
  writeFileSync(path, content);
  await using file = await openImportFile(path);
  const rows = [];
  for await (const row of rowsOfDocument(file, { atOnce: 0 })) rows.push(row);
  return rows;
}

const row = (n: number) => ({ n, text: `é😀 ${"x".repeat(50_000)}`, list: [{ a: null, b: [true, 1.5e3] }] });
const rows = Array.from({ length: 40 }, (_, n) => row(n));
const numbered = (values: readonly unknown[]) => values.map((value, i) => ({ place: `row ${i + 1}`, value }));

describe("a large document is streamed:", () => {
  test("an array row by row, however it is written", async () => {
    expect(await streamed(JSON.stringify(rows))).toEqual(numbered(rows));
    expect(await streamed(`\ufeff${JSON.stringify(rows, null, 2)}\n`)).toEqual(numbered(rows));
    expect(await streamed(gzipSync(JSON.stringify(rows)))).toEqual(numbered(rows));
  });

  test("an array that breaks off is told after its rows", async () => {
    using directory = tempDirectory();
    const path = join(directory.path, "file.json");
    writeFileSync(path, `${JSON.stringify(rows).slice(0, -1)},{"n"`);
    await using file = await openImportFile(path);
    const read: unknown[] = [];
    const reading = async () => {
      for await (const one of rowsOfDocument(file, { atOnce: 0 })) read.push(one);
    };
    await expect(reading()).rejects.toMatchObject({
      code: "BAD_FILE",
      message: `${path} is not valid JSON after row 40`,
    });
    expect(read).toHaveLength(40);
  });

  test("a run of SWE-agent without what every step repeats", async () => {
    const step = { thought: "look", action: "ls", observation: "a" };
    const repeated = { query: rows, messages: rows, state: { open_file: "a" }, extra_info: {} };
    const run = { environment: "e", trajectory: [step, step], info: { exit_status: "submitted" } };
    const written = {
      ...run,
      trajectory: [
        { ...step, ...repeated },
        { ...step, ...repeated },
      ],
    };
    expect(await streamed(JSON.stringify(written))).toEqual(numbered([run]));
  });

  test("a batch of spans span by span", async () => {
    const batch = {
      resourceSpans: [{ resource: { a: 1 }, scopeSpans: [{ scope: {}, spans: rows }, { spans: rows }] }],
    };
    expect(await streamed(JSON.stringify(batch, null, 1))).toEqual(numbered([...rows, ...rows]));
  });
});
