import { flushCompileCache } from "node:module";
import { PassThrough } from "node:stream";
import type { McpServer } from "@modelcontextprotocol/server";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import type { App } from "../app.ts";
import { changesOf, urisOf } from "./changes.ts";
import { logError } from "./log.ts";
import { buildServer } from "./server.ts";
import { keepUp } from "./upkeep.ts";

const OPEN_AFTER_MS = 100;
const LOOK_FOR_CHANGES_MS = 5000; // there may be many servers on one machine
const GRACE_MS = 3000; // for calls under way when the client goes

/**
 * Serves one client on stdin and stdout until it goes away or the process is told to stop. What is under way may
 * finish; then the ledger is closed and the process ends, whatever timers or sockets are left.
 */
export function serveOnStdio(app: App): void {
  // The SDK drops what is under way when its input ends, so its input does not end.
  const input = process.stdin.pipe(new PassThrough(), { end: false });
  let told: { server: McpServer; era: "legacy" | "modern" } | undefined;
  const handle = serveStdio(
    ({ era }) => {
      told = { server: buildServer(app, { era }), era };
      return told.server;
    },
    { transport: new StdioServerTransport(input), onerror: (error) => logError("stdio.error", error) },
  );
  followChanges(app, () => told);
  keepUp(app);
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(0), GRACE_MS).unref();
    await new Promise((resolve) => setTimeout(resolve, 10)); // what was read last has started by then
    await app.idle();
    await new Promise((resolve) => setTimeout(resolve, 10)); // its answers are written
    await app.close().catch((error: unknown) => logError("app.close", error));
    await new Promise((resolve) => process.stdout.write("", resolve));
    await handle.close().catch((error: unknown) => logError("stdio.close", error));
    process.exit(0);
  };
  // The SDK does not end the process when stdin ends, and an orphan would hold the ledger open for ever.
  for (const event of ["end", "close"] as const) process.stdin.once(event, () => void stop());
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => void stop());
  process.stdout.once("error", () => void stop());
  // Once the client has had its first answers: opening the ledger competes with them for the processor.
  process.stdin.once("data", () => {
    setTimeout(async () => {
      await app.ports().catch((error: unknown) => logError("open.failed", error));
      flushCompileCache(); // now, because many clients end their servers by a kill
    }, OPEN_AFTER_MS).unref();
  });
}

/** Tells the client what other processes, and itself, change: new handbooks, and what it subscribed to (2026-07-28). */
function followChanges(
  app: App,
  client: () => { server: McpServer; era: "legacy" | "modern" } | undefined,
): void {
  const changes = changesOf();
  const look = async () => {
    const { ledger } = await app.ports();
    const found = await changes(ledger);
    const { server, era } = client() ?? {};
    if (server === undefined || !server.isConnected()) return;
    if (found.some(({ kind }) => kind === "handbook")) server.sendResourceListChanged();
    if (era === "modern") for (const uri of urisOf(found)) await server.server.sendResourceUpdated({ uri });
  };
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking || client() === undefined) return;
    isLooking = true;
    app
      .during(look())
      .catch((error: unknown) => logError("changes.failed", error))
      .finally(() => {
        isLooking = false;
      });
  }, LOOK_FOR_CHANGES_MS);
  timer.unref();
}
