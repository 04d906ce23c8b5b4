// Runs the MCP conformance suite against the server as the program builds it, with the suite's fixtures registered
// beside it. `npm run conformance`; a part of it with `-- --scenario <name>`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  localhostHostValidation,
  localhostOriginValidation,
  toNodeHandler,
} from "@modelcontextprotocol/node";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { createApp } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { buildServer } from "../src/serve/server.ts";
import { registerFixtures } from "../test/conformance/fixtures.ts";

const home = mkdtempSync(join(tmpdir(), "handbook-conformance-"));
const app = createApp(readConfig({ HANDBOOK_HOME: home, HANDBOOK_EMBEDDER: "none" }));
const mcp = createMcpHandler(({ era }) => {
  const server = buildServer(app, { era });
  registerFixtures(server);
  return server;
});
const handle = toNodeHandler(mcp);
const [isLocalHost, isLocalOrigin] = [localhostHostValidation(), localhostOriginValidation()];
const server = createServer((request, response) => {
  if (!isLocalHost(request, response) || !isLocalOrigin(request, response)) return;
  void handle(request as Parameters<typeof handle>[0], response);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;

const root = join(import.meta.dirname, "..");
const suite = join(root, "node_modules/@modelcontextprotocol/conformance/dist/index.js");
const baseline = join(root, "test/conformance/baseline.yml");
const more = process.argv.slice(2);
const args = [suite, "server", "--url", url, ...(more.length > 0 ? more : ["--expected-failures", baseline])];
const child = spawn(process.execPath, args, { stdio: "inherit", cwd: home }); // it leaves results where it stands
const [code] = await once(child, "exit");
server.closeAllConnections();
server.close();
await mcp.close();
await app.close();
rmSync(home, { recursive: true, force: true });
process.exit(typeof code === "number" ? code : 1);
