import { Command, InvalidArgumentError } from "commander";
import { databaseName } from "../adapters/sql/postgres-errors.ts";
import { setVariables } from "../config.ts";
import { clientConfigurations } from "./client-configurations.ts";
import { appOfEnvironment } from "./open.ts";

export const DEFAULT_PORT = 3920;
const LOOPBACK = "127.0.0.1";

interface Options {
  http?: boolean;
  port: number;
  host: string;
  printConfig?: boolean;
}

export function serveCommand(): Command {
  return new Command("serve")
    .description(
      "serve agents over MCP: on stdin and stdout, or with --http on an address, this machine's loopback if unsaid",
    )
    .option("--http", "serve streamable HTTP at /mcp, with /healthz, /readyz and /metrics")
    .option("--port <number>", "port for --http; 0 takes any free one", portNumber, DEFAULT_PORT)
    .option("--host <address>", "address for --http; beyond loopback only with keys or an issuer", LOOPBACK)
    .option("--print-config", "print what to paste into each client")
    .action(async ({ http, port, host, printConfig }: Options) => {
      const app = appOfEnvironment({ meaning: true });
      if (!http) {
        const { serveOnStdio } = await import("../serve/stdio.ts");
        serveOnStdio(app);
        return new Promise<void>(() => {}); // it ends with its client
      }
      const { serveOnHttp } = await import("../serve/http.ts");
      const { ledger } = await app.ports(); // a ledger that cannot be opened is told here, not to the first client
      const service = await serveOnHttp(app, port, host).catch(async (error: unknown) => {
        await app.close();
        throw error;
      });
      const { databaseUrl, home, serving } = app.config;
      if (printConfig) {
        const key = serving.oauth === undefined && (await ledger.hasKeys()); // a token is the client's own affair
        const url = serving.publicUrl?.href ?? service.url;
        process.stdout.write(`${clientConfigurations(url, { key, set: setVariables() })}\n`);
      }
      const data = databaseUrl === undefined ? home : databaseName(databaseUrl);
      process.stdout.write(`Serving ${service.url}\nData in ${data}. Stop with Ctrl+C.\n`);
      await toldToStop();
      void toldToStop().then(() => process.exit(1)); // a second time: now
      await service.close();
      await app.close();
    });
}

function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
}

function portNumber(value: string): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new InvalidArgumentError("It must be 0 to 65535.");
  return port;
}
