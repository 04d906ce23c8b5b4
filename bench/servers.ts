import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** The program as built in this checkout. */
export const ENTRY = join(import.meta.dirname, "../dist/behavior-handbook.js");
/** The least that an MCP server can be with the same SDK. */
export const BARE = join(import.meta.dirname, "bare-sdk-server.js");

/** Runs `work` with a directory that goes away afterwards. */
export async function inTempDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "handbook-bench-"));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Nothing is held out while something else is measured. */
export const UNDRAWN = { HANDBOOK_HOLDOUT: "0", HANDBOOK_WITHHOLD: "0" };

/** This environment without what would change how a server starts, and with what the bench sets. */
export function environment(set: Record<string, string>): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(HANDBOOK_|OPENAI_|NODE_|npm_)/.test(name));
  return { ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""])), ...UNDRAWN, ...set };
}

export interface Server {
  pid: number;
  /** Sends a request; its result and the milliseconds since the spawn. */
  request(method: string, params?: unknown): Promise<{ result: unknown; ms: number }>;
  notify(method: string): void;
  /** Ends its stdin, as a client that goes away does, and waits for its end. */
  end(): Promise<void>;
}

const LINGER_MS = 5000;

/** How a server is started: `node ...args`. */
export interface Launch {
  args: readonly string[];
  env: Record<string, string>;
  cwd?: string;
  /** The Node that runs it, where it is not this one. */
  node?: string | undefined;
}

/**
 * Starts `node ...args` with JSON-RPC lines on its stdio and nothing between: a client library would add its own
 * milliseconds to each start.
 */
export function startServer({ args, env, cwd, node = process.execPath }: Launch): Server {
  const startedAt = performance.now();
  const child = spawn(node, args, { env, cwd, stdio: ["pipe", "pipe", "pipe"] });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log = (log + text).slice(-2000);
  });
  child.stdin.on("error", () => {}); // told by "exit"
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const waiting = new Map<
    number,
    { resolve(answer: { result: unknown; ms: number }): void; reject(error: Error): void }
  >();
  void exited.then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`${args.join(" ")} ended early: ${log}`));
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const ms = performance.now() - startedAt;
    const { id, result, error } = message(line);
    const asked = waiting.get(id ?? 0);
    waiting.delete(id ?? 0);
    if (error === undefined) asked?.resolve({ result, ms });
    else asked?.reject(new Error(JSON.stringify(error)));
  });
  let lastId = 0;
  const send = (message: object) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  return {
    pid: child.pid ?? 0,
    request: (method, params = {}) =>
      new Promise((resolve, reject) => {
        waiting.set(++lastId, { resolve, reject });
        send({ id: lastId, method, params });
      }),
    notify: (method) => void send({ method }),
    async end() {
      child.stdin.end();
      if ((await Promise.race([exited, sleep(LINGER_MS, "late")])) === "late") child.kill("SIGKILL");
      await exited;
    },
  };
}

/** A line of stdout. Some servers print other things there too, which clients pass over. */
function message(line: string): { id?: number; result?: unknown; error?: unknown } {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

/** The handshake of the 2025 era, which every client speaks. Milliseconds from the spawn to its answer. */
export async function initialize(server: Server): Promise<number> {
  const clientInfo = { name: "bench", version: "1.0.0" };
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  const { ms } = await server.request("initialize", params);
  server.notify("notifications/initialized");
  return ms;
}

export interface ToolsList {
  tools: number;
  /** Of the whole answer, and of what a model sees of it: as commonly estimated, four characters of JSON a token. */
  tokens: number;
  seenTokens: number;
}

export async function toolsList(server: Server): Promise<ToolsList> {
  const { result } = await server.request("tools/list");
  const { tools } = result as { tools: { name: string; description: string; inputSchema: unknown }[] };
  const seen = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  return { tools: tools.length, tokens: tokens(result), seenTokens: tokens(seen) };
}

function tokens(value: unknown): number {
  return JSON.stringify(value).length / 4;
}

const MB = 1024 * 1024;

/** Resident memory of another process, in MB of 2^20 bytes. */
export async function rssMb(pid: number): Promise<number> {
  if (process.platform === "linux") {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return (Number(kilobytes) * 1024) / MB;
  }
  const { stdout } = await promisify(execFile)("ps", ["-o", "rss=", "-p", String(pid)]);
  return (Number(stdout) * 1024) / MB;
}

/** Resident memory of a process and of all that it started, in MB of 2^20 bytes. Pages they share count twice. */
export async function treeRssMb(root: number): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,rss="]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number, number]);
  const sum = (parent: number): number =>
    rows.reduce((total, [pid, ppid]) => total + (ppid === parent ? own(pid) + sum(pid) : 0), 0);
  const own = (wanted: number) => rows.find(([pid]) => pid === wanted)?.[2] ?? 0;
  return ((own(root) + sum(root)) * 1024) / MB;
}
