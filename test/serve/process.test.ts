import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tempDirectory } from "../ports.ts";
import { UNDRAWN } from "../undrawn.ts";

const ENTRY = join(import.meta.dirname, "../../dist/behavior-handbook.js");

function start(args: string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    env: { PATH: process.env.PATH, ...UNDRAWN, ...environment },
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += chunk));
  child.stderr.on("data", (chunk) => (output.stderr += chunk));
  const ended = once(child, "close").then(([code]) => ({ code: code as number, ...output }));
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  return { child, output, ended, send };
}

const initialize = {
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
};
const callTool = (id: number, name: string, input: object) => ({
  id,
  method: "tools/call",
  params: { name, arguments: input },
});

describe("a stdio server", () => {
  test("ends when its client goes, and what it was asked before is answered and kept", async () => {
    using home = tempDirectory();
    const { child, ended, send } = start([], { HANDBOOK_HOME: home.path });
    send(initialize);
    send({ method: "notifications/initialized" });
    send(callTool(2, "record_trace", { task: "the last one", reasoning: "r" }));
    child.stdin.end();
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    const answers = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const traceId = answers.find(({ id }) => id === 2)?.result.structuredContent.trace_id;
    expect(traceId).toMatch(/^[0-9A-Z]{26}$/);

    const again = start([], { HANDBOOK_HOME: home.path });
    again.send(initialize);
    again.send({ method: "notifications/initialized" });
    again.send({ id: 3, method: "resources/read", params: { uri: `trace://${traceId}` } });
    again.child.stdin.end();
    expect((await again.ended).stdout).toContain("the last one");
  });

  test("ends on a signal, and leaves no process", async () => {
    using home = tempDirectory();
    const { child, ended, send, output } = start(["serve"], { HANDBOOK_HOME: home.path });
    send(initialize);
    while (!output.stdout.includes("serverInfo")) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    expect(() => process.kill(child.pid ?? 0, 0)).toThrow("ESRCH");
  });

  test("writes nothing but JSON lines on stdout, whatever it is fed", async () => {
    using home = tempDirectory();
    const { child, ended, send } = start([], { HANDBOOK_HOME: home.path });
    send(initialize);
    child.stdin.write("this is no JSON\n{\n[]\n");
    send({ id: 7, method: "no/such/method" });
    send(callTool(8, "no_such_tool", {}));
    send({ id: 9, method: "tools/list" });
    child.stdin.end();
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    const answers = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers.find(({ id }) => id === 9)?.result.tools).toHaveLength(8);
  });

  test("answers its client even when the ledger cannot be opened, and each call says why", async () => {
    using home = tempDirectory();
    const file = join(home.path, "file");
    writeFileSync(file, "");
    const { child, ended, send } = start([], { HANDBOOK_HOME: file });
    send(initialize);
    send({ method: "notifications/initialized" });
    send(callTool(2, "retrieve_behaviors", { task: "t" }));
    child.stdin.end();
    const { stdout } = await ended;
    expect(stdout).toContain("serverInfo");
    expect(stdout).toMatch(/LEDGER_UNWRITABLE.*HANDBOOK_HOME/);
  });
});

describe("at start", () => {
  test.each([
    [{ HANDBOOK_STARTERS: "maybe" }, /BAD_CONFIG: HANDBOOK_STARTERS.*`on`.*`off`/],
    [{ HANDBOOK_REFLECT_TOKENS: "lots" }, /BAD_CONFIG: HANDBOOK_REFLECT_TOKENS/],
    [{ HANDBOOK_REFLECT_TOKENS: "3" }, /BAD_CONFIG: HANDBOOK_REFLECT_TOKENS/],
    [{ HANDBOOK_MODEL: "m" }, /BAD_CONFIG: HANDBOOK_MODEL.*OPENAI_API_KEY.*OPENAI_BASE_URL/],
    [{ HANDBOOK_MODEL: "m", OPENAI_BASE_URL: "not a url" }, /BAD_CONFIG: OPENAI_BASE_URL/],
  ])("%j is refused with the variable and the fix", async (environment, message) => {
    using home = tempDirectory();
    const { child, ended } = start([], { HANDBOOK_HOME: home.path, ...environment });
    child.stdin.end();
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
  });

  test.each([[["serve", "--http", "--port", "0"]], [["call", "handbook_report"]]])(
    "a wrong setting is refused by %j too",
    async (args) => {
      using home = tempDirectory();
      const { child, ended } = start(args, { HANDBOOK_HOME: home.path, HANDBOOK_STARTERS: "maybe" });
      child.stdin.end();
      const { code, stdout, stderr } = await ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(/BAD_CONFIG: HANDBOOK_STARTERS/);
      expect(stdout).toBe("");
    },
  );

  test("an unknown variable that looks like ours is warned of", async () => {
    using home = tempDirectory();
    const { child, ended } = start([], {
      HANDBOOK_HOME: home.path,
      HANDBOOK_STARTER: "off",
      HANDBOOK_KEY: "hbk_",
    });
    child.stdin.end();
    const { stderr } = await ended;
    expect(stderr).toContain("HANDBOOK_STARTER is not a variable");
    expect(stderr).not.toContain("HANDBOOK_KEY"); // clients send it
  });

  test("an old Node is told so in one sentence", async () => {
    using home = tempDirectory();
    const old = join(home.path, "old.cjs");
    writeFileSync(old, 'Object.defineProperty(process.versions, "node", { value: "20.20.2" });');
    const { stderr, status } = spawnSync(process.execPath, ["-r", old, ENTRY], {
      encoding: "utf8",
      input: "",
    });
    expect(status).toBe(1);
    expect(stderr).toBe(
      "behavior-handbook needs Node.js 22.18 or newer, and this is 20.20.2: install a current one from https://nodejs.org and start it again.\n",
    );
  });
});

describe("an HTTP server", () => {
  test("answers this machine only, and ends on a signal", async () => {
    using home = tempDirectory();
    const { child, ended, output } = start(["serve", "--http", "--port", "0"], { HANDBOOK_HOME: home.path });
    while (!output.stdout.includes("Ctrl+C")) await new Promise((resolve) => setTimeout(resolve, 10));
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(output.stdout)?.[1]);
    const status = (path: string, headers: Record<string, string> = {}, method = "GET") =>
      new Promise<number | undefined>((resolve) => {
        request({ port, path, method, headers, host: "127.0.0.1" }, (response) => {
          response.resume();
          resolve(response.statusCode);
        }).end();
      });
    expect(await status("/healthz")).toBe(200);
    // Whoever probes does not know its name, and learns nothing.
    expect(await status("/healthz", { host: "evil.example" })).toBe(200);
    expect(await status("/mcp", { host: "evil.example" }, "POST")).toBe(403);
    expect(await status("/metrics", { host: "evil.example" })).toBe(403);
    expect(await status("/mcp", { origin: "https://evil.example" }, "POST")).toBe(403);
    expect(await status("/nothing")).toBe(404);
    for (const path of ["//", "/\\", "/%", "/?http://["]) expect(await status(path)).toBe(404);
    expect(await status("/healthz")).toBe(200);
    expect(await status("/mcp")).toBe(405);

    const second = start(["serve", "--http", "--port", String(port)], { HANDBOOK_HOME: home.path });
    expect(await second.ended).toMatchObject({ code: 1, stderr: expect.stringContaining("PORT_IN_USE") });

    child.kill("SIGINT");
    expect((await ended).code).toBe(0);
  });
});

describe("what is printed to be pasted into clients", () => {
  async function printed(environment: Record<string, string>, ...args: string[]) {
    const { child, ended, output } = start(
      ["serve", "--http", "--port", "0", "--print-config", ...args],
      environment,
    );
    while (!output.stdout.includes("Ctrl+C")) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGINT");
    return (await ended).stdout;
  }

  test("is what this machine's clients need, and names the variables that they would not have", async () => {
    using home = tempDirectory();
    const text = await printed({ HANDBOOK_HOME: home.path });
    expect(text).toMatch(/what is set here: .*HANDBOOK_HOME/);
    expect(text).toMatch(/"url": "http:\/\/127\.0\.0\.1:\d+\/mcp"\n/);
    expect(text).not.toContain("HANDBOOK_KEY");
    expect(text).toContain(`Data in ${home.path}.`);
  });

  test("has the public address, and a key by the name of a variable where one is needed", async () => {
    using home = tempDirectory();
    const environment = { HANDBOOK_HOME: home.path, HANDBOOK_PUBLIC_URL: "https://handbook.example.com/mcp" };
    const made = start(["keys", "create", "--name", "me"], environment);
    const key = (await made.ended).stdout.trim();
    const text = await printed(environment, "--host", "0.0.0.0");
    expect(text.match(/https:\/\/handbook\.example\.com\/mcp/g)).toHaveLength(4);
    expect(text.match(/\bHANDBOOK_KEY\b/g)).toHaveLength(5);
    expect(text).not.toContain(key);
  });
});

test("a bare command at a terminal would print help; with a pipe it serves", async () => {
  const help = spawnSync(process.execPath, [ENTRY, "--help"], { encoding: "utf8" });
  expect(help).toMatchObject({ status: 0, stdout: expect.stringContaining("Commands:") });
  const wrong = spawnSync(process.execPath, [ENTRY, "retrieve"], { encoding: "utf8" });
  expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining("unknown command") });
});
