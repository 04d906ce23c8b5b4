import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempDirectory } from "../ports.ts";
import { UNDRAWN } from "../undrawn.ts";

const root = join(import.meta.dirname, "../..");
const ENTRY = join(root, "dist/behavior-handbook.js");

function inspect(home: string, ...args: string[]) {
  const inspector = join(root, "node_modules/.bin/mcp-inspector");
  const undrawn = Object.entries(UNDRAWN).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const all = [
    inspector,
    "--cli",
    process.execPath,
    ENTRY,
    "-e",
    `HANDBOOK_HOME=${home}`,
    ...undrawn,
    ...args,
  ];
  return spawnSync(process.execPath, all, { encoding: "utf8" });
}

test.each(["legacy", "modern"])("the MCP inspector finds no fault with our schemas, in the %s era", (era) => {
  using home = tempDirectory();
  const { status, stdout, stderr } = inspect(
    home.path,
    "--protocol-era",
    era,
    "--method",
    "tools/list",
    "--strict",
  );
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout).tools).toHaveLength(8);
});

test("the MCP inspector verifies the handbooks as skills", () => {
  using home = tempDirectory();
  const { status, stderr } = inspect(
    home.path,
    "--protocol-era",
    "modern",
    "--method",
    "skills/list",
    "--verify",
  );
  expect(status, stderr).toBe(0);
  expect(stderr).toContain("Verified 4 skills and 4 files: no conformance errors.");
});

test("the MCP inspector calls a tool", () => {
  using home = tempDirectory();
  const input = JSON.stringify({ task: "A test is flaky", limit: 1 });
  const call = ["--method", "tools/call", "--tool-name", "retrieve_behaviors", "--tool-args-json", input];
  const { status, stdout, stderr } = inspect(home.path, ...call);
  expect(status, stderr).toBe(0);
  expect(stdout).toContain("starter-software-engineering");
});

test("the MCP inspector puts a load of 100 calls on it and sees no error", () => {
  using home = tempDirectory();
  const call = [
    "--method",
    "tools/call",
    "--tool-name",
    "retrieve_behaviors",
    "--tool-arg",
    "task=a flaky test",
  ];
  const { status, stdout, stderr } = inspect(home.path, ...call, "--load", "--load-requests", "100");
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: 100, toolErrors: 0, errors: 0 });
});
