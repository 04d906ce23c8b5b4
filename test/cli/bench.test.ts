import { cpSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ENTRY, machine, runBuilt } from "./run-handbook.ts";

test("in a checkout it is `npm run bench`, with the same options and exit codes", async () => {
  using person = machine();
  const help = await runBuilt(person, ["bench", "retrieval", "--help"]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toContain("--data <dir>");
  const wrong = await runBuilt(person, ["bench", "retrieval", "--data", person.project]);
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
  expect(wrong.stderr).toContain("no labelled set");
});

test("elsewhere it says where the benches are", async () => {
  using person = machine();
  const entry = join(person.home, "dist/behavior-handbook.js");
  cpSync(dirname(ENTRY), dirname(entry), { recursive: true });
  const { code, stdout, stderr } = await runBuilt(person, ["bench", "start"], { entry });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^Benches come with the source checkout.*npm run bench -- <name>` in it\.\n$/);
});
