import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  localhostHostValidation,
  localhostOriginValidation,
  toNodeHandler,
} from "@modelcontextprotocol/node";
import { createMcpHandler } from "@modelcontextprotocol/server";
import type { App } from "../app.ts";
import { HandbookError } from "../errors.ts";
import { logError } from "./log.ts";
import { buildServer } from "./server.ts";
import { keepUp } from "./upkeep.ts";

const GRACE_MS = 3000;
const LOOPBACK = "127.0.0.1";
const MAX_BODY = 16 * 1024 * 1024; // 2 MB of reasoning may be 12 MB of escaped JSON

export interface HttpService {
  url: string;
  close(): Promise<void>;
}

/**
 * Serves MCP on http://127.0.0.1:port/mcp, stateless, for both protocol eras, and `/healthz`. Requests whose Host
 * or Origin is not this machine are refused, so that no web page can reach it.
 *
 * Throws: PORT_IN_USE.
 */
export async function serveOnHttp(app: App, port: number): Promise<HttpService> {
  const mcp = createMcpHandler(() => buildServer(app), {
    maxRequestBodySize: MAX_BODY,
    onerror: (error) => logError("http.error", error),
  });
  const handle = toNodeHandler(mcp);
  const isLocalHost = localhostHostValidation();
  const isLocalOrigin = localhostOriginValidation();
  const server = createServer((request, response) => {
    if (!isLocalHost(request, response) || !isLocalOrigin(request, response)) return;
    const [path] = (request.url ?? "/").split("?"); // not parsed as a URL: "//" is none, and throws
    if (path === "/mcp") {
      const asked = request as Parameters<typeof handle>[0]; // its types predate exactOptionalPropertyTypes
      handle(asked, response).catch((error: unknown) => {
        logError("http.failed", error);
        response.destroy();
      });
      return;
    }
    if (path === "/healthz")
      return void response.writeHead(200, { "content-type": "text/plain" }).end("ok\n");
    response.writeHead(404, { "content-type": "text/plain" }).end("Not found. MCP is served at /mcp\n");
  });
  await listen(server, port);
  keepUp(app);
  const address = server.address() as AddressInfo;
  return {
    url: `http://${LOOPBACK}:${address.port}/mcp`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), GRACE_MS).unref(); // a request that never ends
      await app.idle();
      await mcp.close();
      await closed;
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = new HandbookError("PORT_IN_USE", `port ${port} of ${LOOPBACK} is taken`, {
        fix: "Pass another one with --port, or 0 for any free one",
        cause: error,
      });
      reject(error.code === "EADDRINUSE" ? taken : error);
    });
    server.listen(port, LOOPBACK, resolve);
  });
}
