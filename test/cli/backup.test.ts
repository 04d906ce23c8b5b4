import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDirectory } from "../ports.ts";
import { builtHandbook, handbook } from "./handbook.ts";

test("a backup restores into an empty data directory, with a way out told for whatever stands against it", async () => {
  using directory = tempDirectory();
  const at = (name: string) => ({ HANDBOOK_HOME: join(directory.path, name) });
  const file = join(directory.path, "monday.gz");
  const trace = { task: "Feed the quokka", reasoning: "r" };
  await handbook(["call", "record_trace", JSON.stringify(trace)], at("one"));
  const made = await builtHandbook(["backup", file], at("one"));
  expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining(`handbook restore ${file}`) });
  const again = await handbook(["backup", file], at("one"));
  expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/BAD_FILE: .*--force/) });
  expect((await handbook(["backup", file, "--force", "--json"], at("one"))).code).toBe(0);

  expect(await builtHandbook(["restore", file], at("two"))).toMatchObject({ code: 0, stderr: "" });
  const [one, two] = ["one", "two"].map((name) => builtHandbook(["call", "handbook_report", "{}"], at(name)));
  expect((await two)?.stdout).toBe((await one)?.stdout);
  const over = await handbook(["restore", file], at("two"));
  expect(over).toMatchObject({ code: 1, stderr: expect.stringContaining("has a ledger already") });
  expect(readFileSync(file).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
});

test("of a ledger in PostgreSQL, `handbook backup` tells the command to run, and no password", async () => {
  const { code, stderr } = await handbook(["backup", "x"], {
    HANDBOOK_DATABASE_URL: "postgres://me:hunter2@db/handbook",
  });
  expect(code).toBe(1);
  expect(stderr).toContain('pg_dump --format=custom --file=handbook.dump "$HANDBOOK_DATABASE_URL"');
  expect(stderr).not.toContain("hunter2");
});
