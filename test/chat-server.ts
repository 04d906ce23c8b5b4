import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface ChatServer extends AsyncDisposable {
  baseUrl: string;
  headers: IncomingHttpHeaders[];
  requests: ChatRequest[];
}

export interface ChatRequest {
  model: string;
  messages: { role: string; content: string }[];
  max_tokens?: number;
  seed?: number;
  temperature?: number;
}

/** An OpenAI-compatible endpoint on loopback that gives these answers in turn, or as a function says; a number is an HTTP status. */
export async function startChatServer(
  answers: (string | number)[] | ((asked: ChatRequest) => string | number),
): Promise<ChatServer> {
  const requests: ChatServer["requests"] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    headers.push(request.headers);
    let body = "";
    for await (const chunk of request) body += chunk;
    const asked: ChatRequest | undefined = request.method === "POST" ? JSON.parse(body) : undefined;
    if (asked) requests.push(asked);
    const answer = typeof answers === "function" ? asked && answers(asked) : answers.shift();
    if (answer === undefined) return void response.writeHead(500).end();
    if (typeof answer === "number") {
      response.writeHead(answer, { "content-type": "application/json", "x-should-retry": "false" });
      return void response.end('{"error":{"message":"a stranger\'s words"}}');
    }
    response.writeHead(200, { "content-type": "application/json" });
    const message = { role: "assistant", content: answer };
    const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 };
    response.end(
      JSON.stringify({ id: "x", object: "chat.completion", choices: [{ index: 0, message }], usage }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    headers,
    requests,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
