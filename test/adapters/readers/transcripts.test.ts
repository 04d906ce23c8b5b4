import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type ReadingOptions, readTranscripts } from "../../../src/adapters/readers/transcripts.ts";
import { tempDirectory } from "../../ports.ts";

const row = (n: number) => ({ task: `task ${n}`, reasoning: `reasoning ${n}` });
const lines = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");

/** A directory of files, and a reader of paths in it that tells what it read in one line each. */
function desk(files: Record<string, string | Buffer> = {}) {
  const directory = tempDirectory();
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory.path, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, content);
  }
  return {
    path: directory.path,
    async read(paths: readonly string[], options?: ReadingOptions) {
      const told: string[] = [];
      const whole = paths.map((path) => join(directory.path, path));
      for await (const read of readTranscripts(whole, options)) {
        const what = "trace" in read ? `${read.format}: ${read.trace.task}` : `refused: ${read.reason}`;
        told.push(`${relative(directory.path, read.file)}, ${read.place}, ${what}`);
      }
      return told;
    },
    [Symbol.dispose]: directory[Symbol.dispose],
  };
}

describe("paths", () => {
  test("are files, directories with all below them, sorted, and globs; each file is read once", async () => {
    using at = desk({
      "b.jsonl": lines(row(1)),
      "deep/er/a.jsonl": gzipSync(lines(row(2))),
      "deep/b.jsonl": lines(row(3)),
      "deep/notes.md": "# Notes\n",
    });
    expect(await at.read(["deep", "*.jsonl", "deep/b.jsonl"])).toEqual([
      "deep/b.jsonl, line 1, traces: task 3",
      "deep/er/a.jsonl, line 1, traces: task 2",
      "deep/notes.md, the file, refused: is no transcript",
      "b.jsonl, line 1, traces: task 1",
    ]);
  });

  test("with links into themselves come to an end", async () => {
    using at = desk({ "in/a.jsonl": lines(row(1)) });
    symlinkSync(join(at.path, "in"), join(at.path, "in/loop"));
    symlinkSync(join(at.path, "nowhere"), join(at.path, "in/z"));
    expect(await at.read(["in"])).toEqual([
      "in/a.jsonl, line 1, traces: task 1",
      "in/z, the file, refused: is a link to nothing",
    ]);
  });

  test("that match nothing are told beside others, and BAD_FILE alone", async () => {
    using at = desk({ "a[1].jsonl": lines(row(1)) });
    expect(await at.read(["none", "a[1].jsonl"])).toEqual([
      "none, the file, refused: there is no such file",
      "a[1].jsonl, line 1, traces: task 1",
    ]);
    await expect(at.read(["none", "*.json"])).rejects.toMatchObject({ code: "BAD_FILE" });
  });
});

describe("a file that is no transcript is refused with its reason, and the rest goes on:", () => {
  test.each([
    ["empty", "", "is empty"],
    ["prose", "Once upon a time.", "is no transcript"],
    ["binary", Buffer.from([0x89, 0x50, 0, 0]), "is a binary file"],
    ["UTF-16", Buffer.from("\ufeffabc", "utf16le"), "is UTF-16, not UTF-8"],
    [
      "a handbook",
      '{"format":"behavior-handbook/1","behaviors":[]}',
      "is a handbook, not a transcript: use `handbook import`",
    ],
    [
      "an ACE playbook",
      "## A\n[shr-00001] Do it.\n",
      "is an ACE playbook, not a transcript: use `handbook import`",
    ],
    ["a broken array", '[\n{"task":"t"},', "is not valid JSON"],
    ["an empty array", "[\n]", "holds nothing that an agent did"],
    [
      "a session without a prompt",
      lines({ type: "file-history-snapshot", messageId: "m" }),
      "holds nothing that an agent did",
    ],
  ])("%s", async (_, content, reason) => {
    using at = desk({ "a.json": content, "b.jsonl": lines(row(1)) });
    const [refused, read, ...more] = await at.read(["."]);
    expect(refused).toMatch(/^a\.json, (the file|row 1), refused: /);
    expect(refused?.endsWith(`refused: ${reason}`)).toBe(true);
    expect(read).toBe("b.jsonl, line 1, traces: task 1");
    expect(more).toEqual([]);
  });

  test("broken lines, by number", async () => {
    using at = desk({ "a.jsonl": `${lines(row(1))}{"task":\n\n7\n${lines({ task: "t" }, row(6))}` });
    expect(await at.read(["a.jsonl"])).toEqual([
      "a.jsonl, line 1, traces: task 1",
      "a.jsonl, line 2, refused: is not valid JSON",
      "a.jsonl, line 4, refused: is no JSON object",
      "a.jsonl, line 5, refused: has no reasoning: looked for reasoning, thinking, reasoning_content, solution, thoughts, reflections, response, output, final_solution",
      "a.jsonl, line 6, traces: task 6",
    ]);
  });
});

test("a row that is nested without end is refused, and the rest goes on", async () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const call = `{"messages":[{"role":"user","content":"go"},{"role":"assistant","tool_calls":[{"name":"f","arguments":${deep}}]}]}`;
  using at = desk({ "a.jsonl": `${call}\n${lines(row(2))}` });
  expect(await at.read(["a.jsonl"])).toEqual([
    "a.jsonl, line 1, refused: is nested too deeply",
    "a.jsonl, line 2, traces: task 2",
  ]);
});

test("each row is read as what it is, unless `from` says what all of them are", async () => {
  const messages = [
    { role: "user", content: "hello" },
    { role: "assistant", content: "hi" },
  ];
  const run = { task_id: 1, reward: 1, messages };
  using at = desk({ "a.jsonl": lines(row(1), { messages }, run) });
  expect(await at.read(["a.jsonl"])).toEqual([
    "a.jsonl, line 1, traces: task 1",
    "a.jsonl, line 2, chat: hello",
    "a.jsonl, line 3, tau-bench: hello",
  ]);
  expect(await at.read(["a.jsonl"], { from: "chat" })).toEqual([
    "a.jsonl, line 1, refused: has no task: nobody asks for anything",
    "a.jsonl, line 2, chat: hello",
    "a.jsonl, line 3, chat: hello",
  ]);
});

test("a document on one line beyond the limit of a line is read, and lines that begin alike stay lines", async () => {
  const step = { thought: "look", action: "ls", observation: "a" };
  const run = (filler: string) => ({
    environment: "swe_main",
    trajectory: new Array(34).fill({ ...step, query: filler }),
    info: { exit_status: "submitted" },
  });
  const two = lines(run("x".repeat(10_000)), run("y".repeat(10_000)));
  using at = desk({ "a.traj": JSON.stringify(run("x".repeat(1_000_000))), "b.jsonl": two });
  expect(await at.read(["."])).toEqual([
    "a.traj, row 1, swe-agent: SWE-agent instance swe_main",
    "b.jsonl, line 1, swe-agent: SWE-agent instance swe_main",
    "b.jsonl, line 2, swe-agent: SWE-agent instance swe_main",
  ]);
});

test("progress is told in bytes", async () => {
  using at = desk({ "a.jsonl": lines(row(1)), "b.jsonl": lines(row(2)), "c.txt": "no" });
  const progress = { total: 0, taken: 0 };
  await at.read(["."], { progress });
  const size = Buffer.byteLength(lines(row(1))) * 2 + 2;
  expect(progress).toEqual({ total: size, taken: size });
});

const DATA = process.env.HANDBOOK_BENCH_DATA;
describe.skipIf(!DATA)("real sets (needs HANDBOOK_BENCH_DATA)", () => {
  test("every row is read, or refused because nothing was reasoned or done in it", async () => {
    const paths = ["traces", "trajectories"].map((name) => join(DATA ?? "", name));
    const formats: Record<string, number> = {};
    const refused: string[] = [];
    for await (const read of readTranscripts(paths)) {
      if ("trace" in read) formats[read.format] = (formats[read.format] ?? 0) + 1;
      else if (read.place !== "the file") refused.push(read.reason);
    }
    expect(formats).toEqual({ traces: 1221 + 40 + 496 + 561, "tau-bench": 200, "swe-agent": 18 });
    expect(refused.map((reason) => reason.slice(0, 16))).toEqual([
      ...new Array(4).fill("has no reasoning"),
      "has no steps: th",
    ]);
  });
});
