import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Client as NewClient, StreamableHTTPClientTransport as NewHttp } from "@modelcontextprotocol/client";
import { StdioClientTransport as NewStdio } from "@modelcontextprotocol/client/stdio";
import { Client as OldClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OldStdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as OldHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { describe, expect, test } from "vitest";
import { call } from "../clients.ts";
import { tempDirectory } from "../ports.ts";
import { UNDRAWN } from "../undrawn.ts";

const ENTRY = join(import.meta.dirname, "../../dist/behavior-handbook.js");
const info = { name: "interop", version: "1.0.0" };

function environment(home: string): Record<string, string> {
  return { PATH: process.env.PATH ?? "", HANDBOOK_HOME: home, ...UNDRAWN };
}

/** The built server on loopback, as `serve --http` starts it. */
async function startHttp(home: string): Promise<{ url: URL; child: ChildProcess }> {
  const child = spawn(process.execPath, [ENTRY, "serve", "--http", "--port", "0"], {
    env: environment(home),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  for await (const chunk of child.stdout) {
    printed += chunk;
    const url = /http:\/\/\S+\/mcp/.exec(printed)?.[0];
    if (url !== undefined) return { url: new URL(url), child };
  }
  throw new Error(`the server ended: ${printed}`);
}

const stdio = (home: string) => ({ command: process.execPath, args: [ENTRY], env: environment(home) });
type AnyClient = NewClient | OldClient;

const connections: Record<string, (home: string) => Promise<{ client: AnyClient; end(): Promise<void> }>> = {
  "old client, stdio": async (home) => {
    const client = new OldClient(info);
    await client.connect(new OldStdio(stdio(home)));
    return { client, end: () => client.close() };
  },
  "new client, stdio": async (home) => {
    const client = new NewClient(info);
    await client.connect(new NewStdio(stdio(home)));
    return { client, end: () => client.close() };
  },
  "new client of the 2026-07-28 era, stdio": async (home) => {
    const client = new NewClient(info, { versionNegotiation: { mode: "auto" } });
    await client.connect(new NewStdio(stdio(home)));
    return { client, end: () => client.close() };
  },
  "old client, HTTP": async (home) => {
    const { url, child } = await startHttp(home);
    const client = new OldClient(info);
    await client.connect(new OldHttp(url) as Parameters<OldClient["connect"]>[0]);
    return { client, end: () => client.close().then(() => stop(child)) };
  },
  "new client, HTTP": async (home) => {
    const { url, child } = await startHttp(home);
    const client = new NewClient(info, { versionNegotiation: { mode: "auto" } });
    await client.connect(new NewHttp(url));
    return { client, end: () => client.close().then(() => stop(child)) };
  },
};

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
}

describe.each(Object.entries(connections))("%s", (name, connect) => {
  test("completes the loop: what was learned is served", async () => {
    using home = tempDirectory();
    const { client: either, end } = await connect(home.path);
    const client = either as NewClient;
    try {
      expect(client.getInstructions()).toContain("retrieve_behaviors");
      expect((await client.listTools()).tools).toHaveLength(8);

      const task = "Reconcile the ledger export of the zeppelin yard with the invoices";
      const first = await call(client, "retrieve_behaviors", { task });
      expect(first).toMatchObject({ use_id: expect.any(String), behaviors: expect.any(Array) });

      const recorded = await call(client, "record_trace", {
        task,
        reasoning:
          "I matched by amount first, which paired wrong rows; matching by invoice number first worked.",
        outcome: "success",
        evidence: "test",
        use_id: first.use_id,
      });
      const opened = await call(client, "reflect_and_extract", { trace_ids: [recorded.trace_id] });
      expect(opened).toMatchObject({
        status: "awaiting_agent",
        prompt: expect.stringContaining("zeppelin yard"),
      });
      const submitted = await call(client, "submit_reflection", {
        reflection_id: opened.reflection_id,
        reflection: "1. Correct in the end. 2. A matching order was missing. 3. See behaviors.",
        behaviors: [
          {
            name: "match_by_unique_key_first",
            instruction:
              "Pair records by their unique key first and compare amounts only within a pair; list what stays unpaired.",
            when: "Two exports of records such as invoices are to be reconciled",
          },
        ],
      });
      expect(submitted).toMatchObject({
        decisions: [{ name: "behavior_match_by_unique_key_first", decision: "add" }],
      });

      const second = await call(client, "retrieve_behaviors", { task: "Reconcile two exports of invoices" });
      expect(second).toMatchObject({
        behaviors: expect.arrayContaining([
          expect.objectContaining({ name: "behavior_match_by_unique_key_first" }),
        ]),
      });

      const report = await call(client, "handbook_report", {});
      expect(report).toMatchObject({ counts: { traces: { success: 1 }, behaviors: { probation: 1 } } });
      const resource = await client.readResource({ uri: `trace://${recorded.trace_id}` });
      // Stateless HTTP of the older revisions has no handshake to learn a name from.
      expect(JSON.stringify(resource.contents)).toContain(
        name === "old client, HTTP" ? "Outcome" : "interop 1.0.0",
      );
    } finally {
      await end();
    }
  });
});
