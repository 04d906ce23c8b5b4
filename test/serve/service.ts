import { randomBytes } from "node:crypto";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OldHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { type App, createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { createKey } from "../../src/lifecycle/admit.ts";
import type { Grants } from "../../src/model/access.ts";
import { type HttpService, serveOnHttp } from "../../src/serve/http.ts";
import { tempDirectory } from "../ports.ts";
import { UNDRAWN } from "../undrawn.ts";

export interface Served extends AsyncDisposable {
  app: App;
  service: HttpService;
  url: URL;
  /** Another path of the same server. */
  at(path: string): URL;
  key(grants: Grants, options?: { name?: string; expires_at?: string }): Promise<string>;
  /** A client of 2026-07-28 that sends this bearer. */
  client(bearer?: string): Promise<Client>;
}

export const EVERYTHING: Grants = { read: ["*"], write: ["*"], curate: ["*"], admin: ["*"] };

export function appAt(home: string, environment: Record<string, string> = {}): App {
  return createApp(
    readConfig({
      HANDBOOK_HOME: home,
      HANDBOOK_STARTERS: "off",
      HANDBOOK_EMBEDDER: "none",
      ...UNDRAWN,
      ...environment,
    }),
    { meaning: true },
  );
}

/** The real server on loopback, on a fresh directory. */
export async function startService(
  environment: Record<string, string> = {},
  limits?: { maxSubscriptions: number },
): Promise<Served> {
  const directory = tempDirectory();
  const app = appAt(directory.path, environment);
  const service = await serveOnHttp(app, 0, undefined, limits);
  const url = new URL(service.url);
  const clients: { close(): Promise<void> }[] = [];
  return {
    app,
    service,
    url,
    at: (path) => new URL(path, url),
    key: async (grants, { name = "test key", ...rest } = {}) =>
      (await newKey(app, grants, { name, ...rest })).text,
    async client(bearer) {
      const client = await newClient(url, bearer);
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.close().catch(() => {});
      await service.close();
      await app.close();
      directory[Symbol.dispose]();
    },
  };
}

export async function newKey(app: App, grants: Grants, options: { name: string; expires_at?: string }) {
  const random = { id: randomBytes(6).toString("hex"), secret: randomBytes(32).toString("hex") };
  return createKey(await app.ports(), { grants, ...options }, random);
}

const info = { name: "Cursor", version: "1.2" };

export async function newClient(url: URL, bearer?: string): Promise<Client> {
  const client = new Client(info, { versionNegotiation: { mode: "auto" } });
  await client.connect(new StreamableHTTPClientTransport(url, withBearer(bearer)));
  return client;
}

/** A client of the 2025 revisions. */
export async function oldClient(url: URL, bearer?: string): Promise<OldClient> {
  const client = new OldClient(info);
  await client.connect(new OldHttp(url, withBearer(bearer)) as Parameters<OldClient["connect"]>[0]);
  return client;
}

function withBearer(bearer: string | undefined) {
  return bearer === undefined ? {} : { requestInit: { headers: { authorization: `Bearer ${bearer}` } } };
}

/** A tool's call as a plain request of the 2025 revisions. */
export function post(url: URL, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2025-06-18",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

export function toolCall(name: string, input: object) {
  return { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: input } };
}

export function bearer(key: string) {
  return { authorization: `Bearer ${key}` };
}
