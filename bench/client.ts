import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { Synthetic } from "./data.ts";
import { BARE, ENTRY, environment, type Launch } from "./servers.ts";

/** A real MCP client with a server process of its own. */
export interface Agent {
  pid: number;
  /** Answers the id of the use. */
  retrieve(task: string): Promise<string>;
  /** Answers the id of the trace. */
  record(trace: { task: string; reasoning: string }): Promise<string>;
  close(): Promise<void>;
}

/** Starts the built program on a data directory and connects. A call throws when its answer is an error. */
export async function connect(home: string, set: Record<string, string> = {}): Promise<Agent> {
  const { pid, call, close } = await client(ENTRY, { HANDBOOK_HOME: home, ...set });
  return {
    pid,
    retrieve: async (task) => String((await call("retrieve_behaviors", { task })).use_id),
    record: async (trace) => String((await call("record_trace", trace)).trace_id),
    close,
  };
}

/** The same client before a bare SDK server, which only answers what it is sent. */
export async function connectEcho(): Promise<{
  echo(text: string): Promise<unknown>;
  close(): Promise<void>;
}> {
  const { call, close } = await client(BARE, {});
  return { echo: (text) => call("echo", { text }), close };
}

async function client(file: string, set: Record<string, string>) {
  const { pid, call, close } = await connectTo({ args: [file], env: environment(set) }, "inherit");
  return {
    pid,
    call: async (name: string, given: Record<string, unknown>) => (await call(name, given)).structured,
    close,
  };
}

export interface Connection {
  pid: number;
  launch: Launch;
  /** Throws when the answer is an error. */
  call(tool: string, given: Record<string, unknown>): Promise<Answer>;
  close(): Promise<void>;
}

/** What a tool answered, as data where it gives them, and as the text that a model reads. */
export interface Answer {
  structured: Record<string, unknown>;
  text: string;
}

export async function connectTo(launch: Launch, stderr: "inherit" | "ignore"): Promise<Connection> {
  const { args, env, cwd, node = process.execPath } = launch;
  const client = new Client({ name: "bench", version: "1.0.0" });
  const transport = new StdioClientTransport({
    command: node,
    args: [...args],
    env,
    stderr,
    ...(cwd && { cwd }),
  });
  await client.connect(transport);
  await client.listTools();
  return {
    pid: transport.pid ?? 0,
    launch,
    async call(name, given) {
      const { structuredContent, content, isError } = await client.callTool({ name, arguments: given });
      if (isError) throw new Error(`${name}: ${JSON.stringify(content)}`);
      return {
        structured: (structuredContent ?? {}) as Record<string, unknown>,
        text: content.map((part) => (part.type === "text" ? part.text : "")).join("\n"),
      };
    },
    close: () => client.close(),
  };
}

export const TRACE_CHARACTERS = 5 * 1024;

/** An attempt with a reasoning of 5 KB, another one at each call. */
export function attempt(made: Synthetic): { task: string; reasoning: string } {
  return { task: made.task(), reasoning: made.reasoning(TRACE_CHARACTERS) };
}
