import { join } from "node:path";
import { createMCPClient } from "@ai-sdk/mcp";
import { StdioMCPTransport } from "@ai-sdk/mcp/mcp-stdio";
import { MultiServerMCPClient } from "@langchain/mcp-adapters";
import { describe, expect, test } from "vitest";
import { startHttp } from "../../bench/http-load.ts";
import { ENTRY, environment } from "../../bench/servers.ts";
import { tempDirectory } from "../ports.ts";

/** What an agent of a framework does with us: it lists the tools, calls them, and reads the text that they answer. */
interface Framework {
  tools: string[];
  call(tool: string, given: Record<string, unknown>): Promise<unknown>;
  end(): Promise<void>;
}
type Server = { url: string } | { command: string; args: string[]; env: Record<string, string> };

async function vercel(server: Server): Promise<Framework> {
  const transport =
    "url" in server ? { type: "http" as const, url: server.url } : new StdioMCPTransport(server);
  const client = await createMCPClient({ transport });
  const tools = await client.tools();
  return {
    tools: Object.keys(tools),
    call: async (tool, given) =>
      await tools[tool]?.execute?.(given, { toolCallId: "1", messages: [], context: {} }),
    end: () => client.close(),
  };
}

async function langchain(server: Server): Promise<Framework> {
  const handbook =
    "url" in server
      ? { transport: "http" as const, url: server.url }
      : { transport: "stdio" as const, ...server };
  const client = new MultiServerMCPClient({ mcpServers: { handbook } });
  const tools = await client.getTools();
  return {
    tools: tools.map(({ name }) => name),
    call: async (tool, given) => tools.find(({ name }) => name === tool)?.invoke(given),
    end: () => client.close(),
  };
}

/** What a tool answered, dug out of whatever the framework puts around it. */
function answered(result: unknown): Record<string, unknown> {
  if (typeof result === "string") return JSON.parse(result);
  if (Array.isArray(result)) return answered(result[0]);
  const { structuredContent, content, text } = result as Record<string, unknown>;
  if (structuredContent !== undefined) return structuredContent as Record<string, unknown>;
  return answered(text ?? content);
}

describe.each([
  ["the AI SDK of Vercel", vercel],
  ["LangChain", langchain],
])("%s", (_, connect) => {
  test.each(["stdio", "HTTP"])("lists the tools and completes the loop over %s", async (transport) => {
    using home = tempDirectory();
    const env = environment({ HANDBOOK_HOME: join(home.path, "data"), HANDBOOK_STARTERS: "off" });
    const http =
      transport === "HTTP" ? await startHttp([ENTRY, "serve", "--http", "--port", "0"], env) : undefined;
    const { tools, call, end } = await connect(http ?? { command: process.execPath, args: [ENTRY], env });
    try {
      expect(tools).toHaveLength(8);
      const loop = async (tool: string, given: Record<string, unknown>) => answered(await call(tool, given));
      const task = "Reconcile the ledger export of the zeppelin yard with the invoices";
      const { use_id } = await loop("retrieve_behaviors", { task });
      const { trace_id } = await loop("record_trace", { task, reasoning: "Matched by number.", use_id });
      await loop("report_outcome", { trace_id, outcome: "success", evidence: "test" });
      const { reflection_id } = await loop("reflect_and_extract", { trace_ids: [trace_id] });
      const name = "behavior_match_by_unique_key_first";
      const instruction = "Pair records by their unique key first; compare amounts only within a pair.";
      const behaviors = [{ name, instruction, when: "Two exports are reconciled", keywords: [], topic: "" }];
      const reflection = "It went well.";
      const submitted = await loop("submit_reflection", { reflection_id, reflection, behaviors });
      expect(submitted).toMatchObject({ decisions: [{ name, decision: "add" }] });
      const found = await loop("retrieve_behaviors", { task: "Reconcile two exports of invoices" });
      expect(found).toMatchObject({ behaviors: [{ name }] });
    } finally {
      await end();
      await http?.end();
    }
  });
});
