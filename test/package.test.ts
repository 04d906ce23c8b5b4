import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { tempDirectory } from "./ports.ts";
import { UNDRAWN } from "./undrawn.ts";

const root = join(import.meta.dirname, "..");

test("the packed package, installed in an empty folder, is what mcp.json starts", async () => {
  using folder = tempDirectory();
  // The Node of this run goes first, as it would on a machine that has it.
  const environment = {
    ...process.env,
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: folder.path,
  };
  const npm = (...args: string[]) => {
    const { status, stderr } = spawnSync("npm", args, {
      cwd: folder.path,
      encoding: "utf8",
      env: environment,
    });
    expect(status, stderr).toBe(0);
  };
  // The build is there already; `prepack` would take it away under the other tests.
  npm("pack", root, "--ignore-scripts", "--silent");
  const [tarball = ""] = readdirSync(folder.path).filter((file) => file.endsWith(".tgz"));
  writeFileSync(join(folder.path, "package.json"), "{}");
  npm("install", "--offline", `./${tarball}`);

  const { command, args } = JSON.parse(readFileSync(join(root, "mcp.json"), "utf8")).mcpServers.handbook;
  const client = new Client({ name: "package", version: "1.0.0" });
  const env = {
    PATH: environment.PATH,
    HOME: folder.path,
    HANDBOOK_HOME: join(folder.path, "home"),
    ...UNDRAWN,
  };
  await client.connect(new StdioClientTransport({ command, args, cwd: folder.path, env }));
  expect((await client.listTools()).tools).toHaveLength(8);
  const served = await client.callTool({
    name: "retrieve_behaviors",
    arguments: { task: "The tests are flaky" },
  });
  expect(served.isError).not.toBe(true);
  expect(JSON.stringify(served.structuredContent)).toContain("starter-software-engineering");
  await client.close();
}, 60_000);

test("it brings no dependency of its own", () => {
  expect(packageJson).not.toHaveProperty("dependencies");
});

test("the lock file names no registry", () => {
  expect(readFileSync(join(root, "package-lock.json"), "utf8")).not.toMatch(/"resolved"/);
});
