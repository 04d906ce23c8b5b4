import { join } from "node:path";
import { expect, test } from "vitest";
import { freshLedger, tempDirectory } from "../ports.ts";
import { PASSWORD } from "../postgres.ts";
import { handbook } from "./handbook.ts";

test("`handbook restore` moves a ledger to PostgreSQL where that is set, and shows no password", async () => {
  using directory = tempDirectory();
  const sqlite = { HANDBOOK_HOME: join(directory.path, "one") };
  const HANDBOOK_DATABASE_URL = await freshLedger(directory.path);
  const postgres = { HANDBOOK_HOME: join(directory.path, "two"), HANDBOOK_DATABASE_URL };
  await handbook(["call", "record_trace", JSON.stringify({ task: "t", reasoning: "r" })], sqlite);
  const file = join(directory.path, "backup");
  expect((await handbook(["backup", file], sqlite)).code).toBe(0);
  const { code, stdout, stderr } = await handbook(["restore", file], postgres);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^Restored postgres:\/\/127/);
  expect(stdout).not.toContain(encodeURIComponent(PASSWORD));
  const [before, after] = [sqlite, postgres].map((set) => handbook(["call", "handbook_report", "{}"], set));
  expect((await after)?.stdout).toBe((await before)?.stdout);
});
