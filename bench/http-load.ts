import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { Agent, request } from "node:http";
import { quantile } from "../src/rules/bootstrap.ts";

export const CLIENTS = 32;
const LINGER_MS = 5000;
const REVISION = "2026-07-28";
const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": REVISION,
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1.0.0" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

export interface HttpServer {
  url: string;
  pid: number;
  end(): Promise<void>;
}

/** Starts `node ...args`, which prints its URL, in a process of its own. */
export async function startHttp(args: readonly string[], env: Record<string, string>): Promise<HttpServer> {
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "exit");
  let printed = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    printed += chunk;
    const url = /http:\/\/\S+\/mcp/.exec(printed)?.[0];
    if (url === undefined) continue;
    child.stdout.resume();
    return {
      url,
      pid: child.pid ?? 0,
      async end() {
        child.kill("SIGTERM");
        const late = setTimeout(() => child.kill("SIGKILL"), LINGER_MS);
        await ended;
        clearTimeout(late);
      },
    };
  }
  throw new Error(`it ended: ${printed}`);
}

export type Call = (name: string, given: Record<string, unknown>) => Promise<Record<string, unknown>>;

/** Calls tools over so many connections that stay open, as the SDK's client words it and without its own work. */
export function httpCaller(url: string): { call: Call; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  let id = 0;
  const call: Call = (name, given) =>
    new Promise((resolve, reject) => {
      const params = { name, arguments: given, _meta: ENVELOPE };
      const body = JSON.stringify({ method: "tools/call", params, jsonrpc: "2.0", id: ++id });
      const headers = {
        accept: "application/json, text/event-stream",
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
        "mcp-method": "tools/call",
        "mcp-name": name,
        "mcp-protocol-version": REVISION,
      };
      const sent = request(url, { method: "POST", agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode !== 200) return reject(new Error(`HTTP ${response.statusCode}: ${text}`));
          const { result, error } = JSON.parse(text);
          if (error !== undefined || result.isError)
            reject(new Error(JSON.stringify(error ?? result.content)));
          else resolve(result.structuredContent ?? {});
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  return { call, close: () => agent.destroy() };
}

export interface Load {
  perSecond: number;
  p50: number;
  p99: number;
  calls: number;
  errors: string[];
}

/** Has all clients call one after the other until `more` says no. */
export async function hammer(more: () => boolean, once: () => Promise<unknown>): Promise<Load> {
  const times: number[] = [];
  const errors: string[] = [];
  const began = performance.now();
  const client = async () => {
    while (more()) {
      const sent = performance.now();
      try {
        await once();
        times.push(performance.now() - sent);
      } catch (error) {
        errors.push(String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const seconds = (performance.now() - began) / 1000;
  const sorted = times.toSorted((a, b) => a - b);
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(sorted, share));
  return { perSecond: times.length / seconds, p50: p50 ?? 0, p99: p99 ?? 0, calls: times.length, errors };
}

/** Open file handles of another process; undefined where the system does not tell. */
export function openHandles(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return undefined;
  }
}
