import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { Synthetic } from "./data.ts";
import { ENTRY, environment } from "./servers.ts";

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
  const client = new Client({ name: "bench", version: "1.0.0" });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [ENTRY],
    env: environment({ HANDBOOK_HOME: home, ...set }),
    stderr: "inherit",
  });
  await client.connect(transport);
  await client.listTools();
  const call = async (name: string, given: Record<string, unknown>) => {
    const { structuredContent, content, isError } = await client.callTool({ name, arguments: given });
    if (isError) throw new Error(`${name}: ${JSON.stringify(content)}`);
    return structuredContent as Record<string, unknown>;
  };
  return {
    pid: transport.pid ?? 0,
    retrieve: async (task) => String((await call("retrieve_behaviors", { task })).use_id),
    record: async (trace) => String((await call("record_trace", trace)).trace_id),
    close: () => client.close(),
  };
}

export const TRACE_CHARACTERS = 5 * 1024;

/** An attempt with a reasoning of 5 KB, another one at each call. */
export function attempt(made: Synthetic): { task: string; reasoning: string } {
  return { task: made.task(), reasoning: made.reasoning(TRACE_CHARACTERS) };
}
