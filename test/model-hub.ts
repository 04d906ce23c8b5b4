import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { digest } from "../src/rules/identity.ts";

export interface ModelHub extends AsyncDisposable {
  url: string;
  /** Path and range of each request, in order. */
  requests: { file: string; range: string | undefined }[];
  /** Takes a request instead of the hub while it is set, or leaves it to the hub by returning false. */
  instead?: ((file: string, request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
}

/** A hub on loopback with the models of a directory: entity tags and ranges, as the real ones have them. */
export async function startModelHub(directory: string): Promise<ModelHub> {
  const hub: ModelHub = {
    url: "",
    requests: [],
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server = createServer((request, response) => {
    const [model = "", file = ""] = (request.url ?? "").slice(1).split("/resolve/main/");
    const { range } = request.headers;
    hub.requests.push({ file, range });
    if (hub.instead?.(file, request, response)) return;
    const path = join(directory, model, file);
    if (!existsSync(path)) return void response.writeHead(404).end();
    const content = readFileSync(path);
    const etag = `"${digest(content.toString("latin1"))}"`;
    const from = request.headers["if-range"] === etag ? Number(/\d+/.exec(range ?? "0")?.[0]) : 0;
    if (from >= content.length && from > 0) return void response.writeHead(416).end();
    response.writeHead(from > 0 ? 206 : 200, {
      etag,
      "content-length": content.length - from,
      ...(from > 0 && { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` }),
    });
    response.end(content.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  hub.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return hub;
}
