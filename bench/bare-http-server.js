// The least that an MCP server over HTTP can be with the same SDK: what the figures of `load` are compared with.
import { createServer } from "node:http";
import {
  localhostHostValidation,
  localhostOriginValidation,
  toNodeHandler,
} from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";

const inputSchema = z.object({ text: z.string() });
const handle = toNodeHandler(
  createMcpHandler(() => {
    const server = new McpServer({ name: "bare", version: "1.0.0" });
    server.registerTool("echo", { description: "Answers what it is sent.", inputSchema }, ({ text }) => ({
      content: [{ type: "text", text }],
    }));
    return server;
  }),
);
const isLocalHost = localhostHostValidation();
const isLocalOrigin = localhostOriginValidation();
const server = createServer((request, response) => {
  if (isLocalHost(request, response) && isLocalOrigin(request, response)) void handle(request, response);
});
server.listen(0, "127.0.0.1", () => console.log(`Serving http://127.0.0.1:${server.address().port}/mcp`));
process.once("SIGTERM", () => process.exit(0));
