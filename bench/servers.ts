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

/** This environment without what would change how a server starts, and with what the bench sets. */
export function environment(set: Record<string, string>): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(HANDBOOK_|OPENAI_|NODE_|npm_)/.test(name));
  return { ...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ""])), ...set };
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

/**
 * Starts `node ...args` with JSON-RPC lines on its stdio and nothing between: a client library would add its own
 * milliseconds to each start.
 */
export function startServer(args: readonly string[], env: Record<string, string>): Server {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "pipe"] });
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
    const { id, result, error } = JSON.parse(line) as { id?: number; result?: unknown; error?: unknown };
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

/** The handshake of the 2025 era, which every client speaks. Milliseconds from the spawn to its answer. */
export async function initialize(server: Server): Promise<number> {
  const clientInfo = { name: "bench", version: "1.0.0" };
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
  const { ms } = await server.request("initialize", params);
  server.notify("notifications/initialized");
  return ms;
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
