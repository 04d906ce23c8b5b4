// The least that an MCP server can be with the same SDK: what the figures of `start` are compared with.
// Plain JavaScript, so that no time goes into stripping types.
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import * as z from "zod";

serveStdio(() => {
  const server = new McpServer({ name: "bare", version: "1.0.0" });
  server.registerTool(
    "echo",
    { description: "Answers what it is sent.", inputSchema: z.object({ text: z.string() }) },
    ({ text }) => ({ content: [{ type: "text", text }] }),
  );
  return server;
});
// It would outlive its client otherwise; and only a process that exits writes its compile cache.
process.stdin.once("end", () => process.exit(0));
