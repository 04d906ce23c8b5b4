import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface ChatServer extends AsyncDisposable {
  baseUrl: string;
  headers: IncomingHttpHeaders[];
  requests: { model: string; messages: { role: string; content: string }[] }[];
}

/** An OpenAI-compatible endpoint on loopback that gives these answers in turn; a number is an HTTP status. */
export async function startChatServer(answers: (string | number)[]): Promise<ChatServer> {
  const requests: ChatServer["requests"] = [];
  const headers: IncomingHttpHeaders[] = [];
  const server = createServer(async (request, response) => {
    headers.push(request.headers);
    let body = "";
    for await (const chunk of request) body += chunk;
    if (request.method === "POST") requests.push(JSON.parse(body));
    const answer = answers.shift() ?? 500;
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
