import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler } from "@modelcontextprotocol/server";
import type { App } from "../app.ts";
import { HandbookError } from "../errors.ts";
import { accessOf } from "./authenticate.ts";
import { ChangeBus } from "./changes.ts";
import { Gate } from "./gate.ts";
import { guards, isLoopback } from "./guards.ts";
import { log, logError, logRejected } from "./log.ts";
import { openMetrics } from "./metrics.ts";
import { notReady } from "./readiness.ts";
import { contextOf, requestContext } from "./request-context.ts";
import { buildServer } from "./server.ts";
import type { Call } from "./serving.ts";
import { keepUp } from "./upkeep.ts";

const READ_MS = 5000; // for answers to be read, once nothing is under way
const FLUSH_MS = 1000; // for answers on their way to a slow client
const LOOPBACK = "127.0.0.1";
const MAX_BODY = 16 * 1024 * 1024; // 2 MB of reasoning may be 12 MB of escaped JSON
const HEADERS_MS = 20_000;
const REQUEST_MS = 120_000; // until its last byte; a slow line may take a while for a long trace
const LOOK_FOR_CHANGES_MS = 1000;
const MAX_SUBSCRIPTIONS = 1024; // of all callers
const PATHS = new Set(["/mcp", "/healthz", "/readyz", "/metrics"]);

export interface HttpService {
  url: string;
  /** Lets everything that was accepted finish and be read, at most as long as a tool may take, and takes nothing new. */
  close(): Promise<void>;
}

/**
 * Serves MCP at /mcp, stateless, for both protocol eras, and what operating it takes: `/healthz`, `/readyz`, `/metrics`.
 * Requests whose Host or Origin is not one of this server's own names are refused, so that no web page can reach it.
 *
 * Throws: PORT_IN_USE; BAD_CONFIG beyond loopback without authentication or without a public name.
 */
export async function serveOnHttp(
  app: App,
  port: number,
  host = LOOPBACK,
  { maxSubscriptions = MAX_SUBSCRIPTIONS } = {},
): Promise<HttpService> {
  const gate = new Gate(app);
  if (!isLoopback(host)) await gate.mustBeShut(host);
  const metrics = openMetrics(app);
  gate.refused = metrics.refused;
  const called = (call: Call) => {
    metrics.called(call);
    log("tool.called", { tool: call.tool, outcome: call.outcome, ms: Math.round(call.ms) });
  };
  const mcp = createMcpHandler(
    ({ era, authInfo }) => {
      const access = accessOf(authInfo);
      const count = access && gate.counter(access);
      return buildServer(app, { era, connection: "one request", access, called, count });
    },
    {
      maxRequestBodySize: MAX_BODY,
      bus: new ChangeBus(app, LOOK_FOR_CHANGES_MS),
      maxSubscriptions,
      onerror: (error) => logRejected("http.rejected", error),
    },
  );
  const handle = toNodeHandler(mcp, {
    maxRequestBodySize: MAX_BODY,
    onerror: (error) => logRejected("http.rejected", error),
  });
  const isAllowed = guards(host, app.config.serving.publicUrl);
  const accepted = new Set<Promise<void>>();
  let isClosing = false;

  async function route(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (path === "/healthz") return answer(response, 200, "ok\n"); // whoever probes does not know the public name
    if (path === "/readyz") {
      const reasons = isClosing ? ["the server is shutting down"] : await notReady(app);
      return answer(response, reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons });
    }
    if (path === "/metrics") {
      // A key does what the guards do for those who need none, and who collects figures does not know the public name.
      const admitted = await gate.letsIn(request, response, "admin");
      if (response.headersSent || (admitted === undefined && !isAllowed(request, response))) return;
      const { type, body } = await metrics.text();
      return void response.writeHead(200, { "content-type": type }).end(body);
    }
    if (!isAllowed(request, response)) return;
    const metadata = gate.metadata(path);
    if (metadata !== undefined) return answer(response, 200, metadata);
    if (path !== "/mcp") return answer(response, 404, "Not found. MCP is served at /mcp\n");
    if (isClosing)
      return answer(response, 503, "The server is shutting down\n", {
        connection: "close",
        "retry-after": "5",
      });
    const authInfo = await gate.letsIn(request, response);
    if (response.headersSent) return;
    const asked = Object.assign(request, authInfo && { auth: authInfo });
    const done = handle(asked as Parameters<typeof handle>[0], response); // its types predate exactOptionalPropertyTypes
    const isSubscription = request.headers["mcp-method"] === "subscriptions/listen";
    if (isSubscription) return done;
    // Before its last byte has come nothing was accepted, and a half-open connection never sends it.
    const accept = () => accepted.add(done);
    request.once("end", accept);
    return done.finally(() => {
      request.off("end", accept);
      accepted.delete(done);
    });
  }

  const server = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 5000 },
    (request, response) => {
      const started = performance.now();
      const context = { ...contextOf(request), end: () => response.destroy() };
      response.setHeader("x-request-id", context.request_id);
      const [path = "/"] = (request.url ?? "/").split("?"); // not parsed as a URL: "//" is none, and throws
      const known = PATHS.has(path) ? path : "other";
      requestContext.run(context, () => {
        response.once("close", () => {
          metrics.answered(known, response.statusCode);
          if (known !== "/mcp" && known !== "other") return;
          const ms = Math.round(performance.now() - started);
          requestContext.run(context, () =>
            log("http.request", { method: request.method, path: known, status: response.statusCode, ms }),
          );
        });
        route(request, response, path).catch((error: unknown) => {
          logError("http.failed", error);
          if (response.headersSent) response.destroy();
          else if (error instanceof HandbookError && error.code.startsWith("LEDGER_"))
            answer(
              response,
              503,
              { error: "temporarily_unavailable", code: error.code },
              { "retry-after": "10" },
            );
          else answer(response, 500, "Internal server error\n");
        });
      });
    },
  );
  await listen(server, port, host);
  keepUp(app);
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}/mcp`,
    async close() {
      isClosing = true;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeIdleConnections();
      const answered = async () => {
        while (accepted.size > 0) await Promise.allSettled(accepted);
      };
      // A client that reads no answer must not keep the server from ending; a call that began meanwhile is waited for below.
      await Promise.race([answered(), app.idle().then(() => sleep(READ_MS, undefined, { ref: false }))]);
      await app.idle();
      await mcp.close(); // ends the subscriptions
      setTimeout(() => server.closeAllConnections(), FLUSH_MS).unref();
      await closed;
    },
  };
}

/** A short answer of our own: text, or JSON. */
function answer(
  response: ServerResponse,
  status: number,
  body: string | object,
  headers: Record<string, string> = {},
): void {
  const [type, text] =
    typeof body === "string" ? ["text/plain", body] : ["application/json", JSON.stringify(body)];
  response.writeHead(status, { "content-type": type, ...headers }).end(text);
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = new HandbookError("PORT_IN_USE", `port ${port} of ${host} is taken`, {
        fix: "Pass another one with --port, or 0 for any free one",
        cause: error,
      });
      const absent = new HandbookError("BAD_CONFIG", `${host} is no address of this machine`, {
        fix: "Pass one of its addresses with --host, or 0.0.0.0 for all of them",
        cause: error,
      });
      const isAbsent = error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND";
      reject(error.code === "EADDRINUSE" ? taken : isAbsent ? absent : error);
    });
    server.listen(port, host, resolve);
  });
}
