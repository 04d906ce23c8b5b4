import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the server answers a request with: a status, a body, or what the function does with the response. */
type Reply = number | object | ((response: ServerResponse) => void);

export interface EmbeddingServer extends AsyncDisposable {
  baseUrl: string;
  requests: { model: string; input: string[]; dimensions?: number }[];
  /** Of each request. */
  headers: IncomingHttpHeaders[];
}

/**
 * An OpenAI-compatible endpoint on loopback that gives these replies in turn, and then the vectors of each input, or
 * the status that `vectors` refuses it with.
 */
export async function startEmbeddingServer(
  replies: Reply[] = [],
  vectors: (texts: string[]) => object[] | number = vectorsOf,
): Promise<EmbeddingServer> {
  const requests: EmbeddingServer["requests"] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const asked = JSON.parse(body);
    requests.push(asked);
    headers.push(request.headers);
    const reply = replies.shift() ?? answered(vectors(asked.input));
    if (typeof reply === "function") return reply(response);
    if (typeof reply === "number") {
      response.writeHead(reply, { "content-type": "application/json", "retry-after-ms": "1" });
      return void response.end('{"error":{"message":"a stranger\'s words"}}');
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ object: "list", model: "m", ...reply }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    headers,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answered(vectors: object[] | number): Reply {
  return typeof vectors === "number" ? vectors : { data: vectors };
}

/** A vector per text that tells texts of different lengths apart, and is not of unit length. */
export function vectorsOf(texts: string[]): { index: number; embedding: number[] }[] {
  return texts.map((text, index) => ({ index, embedding: [3, text.length, 0] }));
}
