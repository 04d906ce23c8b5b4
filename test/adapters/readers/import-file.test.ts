import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type Line, openImportFile } from "../../../src/adapters/readers/import-file.ts";
import { recognizeFormat } from "../../../src/adapters/readers/import-format.ts";
import { tempDirectory } from "../../ports.ts";

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const array: T[] = [];
  for await (const value of values) array.push(value);
  return array;
}

async function opened(content: string | Buffer) {
  const directory = tempDirectory();
  const path = join(directory.path, "file");
  writeFileSync(path, content);
  try {
    return { ...(await openImportFile(path)), [Symbol.dispose]: directory[Symbol.dispose] };
  } catch (error) {
    directory[Symbol.dispose]();
    throw error;
  }
}

async function linesOf(content: string | Buffer): Promise<Line[]> {
  using file = await opened(content);
  return all(file.lines());
}

describe("lines", () => {
  test("are numbered as an editor does, blank ones left out, whatever ends them", async () => {
    expect(await linesOf("\ufeffa\r\n\n  \nb\nc")).toEqual([
      { number: 1, text: expect.stringMatching(/^a\r?$/) },
      { number: 4, text: "b" },
      { number: 5, text: "c" },
    ]);
  });

  test("are not broken at U+2028, which may stand inside a JSON string", async () => {
    expect(await linesOf('{"a":"x\u2028y\u2029z"}\n')).toEqual([
      { number: 1, text: '{"a":"x\u2028y\u2029z"}' },
    ]);
  });

  test("that are no UTF-8 are refused one by one", async () => {
    const content = Buffer.concat([Buffer.from("a\n"), Buffer.from([0xff, 0xc3, 0x0a]), Buffer.from("é")]);
    expect(await linesOf(content)).toEqual([
      { number: 1, text: "a" },
      { number: 2, refused: "is not UTF-8" },
      { number: 3, text: "é" },
    ]);
  });

  test("longer than 32 MB are refused, and the next one is read", async () => {
    const content = Buffer.alloc(33 * 1024 * 1024 + 3, "x");
    content.write("\nb", content.length - 2);
    expect(await linesOf(content)).toEqual([
      { number: 1, refused: "is longer than 32 MB" },
      { number: 2, text: "b" },
    ]);
  });

  test("come out of gzip whatever the file's name, and characters are whole across chunks", async () => {
    const text = "é".repeat(200_001);
    expect(await linesOf(gzipSync(`a\n${text}\n`))).toEqual([
      { number: 1, text: "a" },
      { number: 2, text },
    ]);
  });

  test("before the place where compressed data breaks off are kept", async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `${i} ${Math.sin(i)}`).join("\n");
    const zipped = gzipSync(rows);
    const lines = await linesOf(zipped.subarray(0, zipped.length >> 1));
    expect(lines.length).toBeGreaterThan(1000);
    expect(lines.at(-1)).toEqual({
      number: lines.length,
      refused: "the file ends here: the compressed data is damaged or cut off",
    });
  });
});

describe("a file that cannot be opened is BAD_FILE with its reason:", () => {
  test.each([
    ["empty", "", "is empty"],
    ["blank", " \n\n", "is empty"],
    ["UTF-16", Buffer.from("\ufeffabc", "utf16le"), "is UTF-16"],
    [
      "gzip with a broken head",
      Buffer.from([0x1f, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
      "compressed data is damaged",
    ],
    ["empty gzip", gzipSync(""), "is empty"],
  ])("%s", async (_, content, reason) => {
    await expect(opened(content)).rejects.toMatchObject({
      code: "BAD_FILE",
      message: expect.stringContaining(reason),
    });
  });

  test("a directory, and a file that is not there", async () => {
    using directory = tempDirectory();
    await expect(openImportFile(directory.path)).rejects.toThrow("it is a directory");
    await expect(openImportFile(join(directory.path, "none"))).rejects.toThrow("there is no such file");
  });
});

test("a document that is no UTF-8 is refused as a whole", async () => {
  using file = await opened(Buffer.concat([Buffer.from('["'), Buffer.from([0xff]), Buffer.from('"]')]));
  await expect(file.text()).rejects.toThrow("is not UTF-8");
});

describe("the format is told from the content:", () => {
  test.each([
    ["a pretty-printed handbook", '{\n  "format": "behavior-handbook/1",\n', "document"],
    ["a handbook on one line", '{"format":"behavior-handbook/1","behaviors":[]}', "document"],
    ["a handbook with sorted keys", '{"behaviors":[{}],"format":"behavior-handbook/1"}', "document"],
    ["an array on one line", '[{"task":1}]', "document"],
    ["a pretty-printed array", "[\n  {\n", "document"],
    ["an array of lines", '[\n{"task":"a"},\n{"task":"b"}\n]', "document"],
    ["a pretty-printed row", '{\n  "task": "a"\n}', "document"],
    ["JSON lines", '{"task":"a"}\n{"task":"b"}\n', "jsonl"],
    ["JSON lines after a byte order mark", '\ufeff{"task":"a"}\n', "jsonl"],
    ["JSON lines with a broken first", '{"task":\n{"task":"b"}\n', "jsonl"],
    ["JSON lines after a log line", 'started\n{"task":"b"}\n', "jsonl"],
    ["a first line beyond the head", `{"task":"${"x".repeat(70_000)}`, "jsonl"],
    [
      "a trace about a handbook",
      '{"task":"{\\"format\\": \\"behavior-handbook/1\\"}"}\n{"task":"b"}',
      "jsonl",
    ],
    ["numbered items under a heading", "## A\n[shr-00001] Do it.\n", "ace"],
    ["counted items", "[ctx-00263] helpful=1 harmful=0 :: Do it.\n", "ace"],
    ["a log", "[worker-1] started\n[worker-2] started\n", undefined],
    ["an INI file", "[section]\nkey = 1\n", undefined],
    ["Markdown", "# Title\n\n- [x] done\n", undefined],
    ["prose", "Once upon a time.", undefined],
    ["a number", "42", undefined],
  ])("%s", (_, head, format) => {
    expect(recognizeFormat(head)).toBe(format);
  });
});
