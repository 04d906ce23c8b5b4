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

/** How an endpoint may behave beside answering. */
export interface Misbehavior {
  /** An error, after which the client may try again at once. */
  status?: number;
  /** The answer comes after so long. */
  delayMs?: number;
  /** The connection breaks in the midst of the answer, or it ends properly but too early. */
  cut?: "connection" | "json";
  /** Something else than a completion, of this type. */
  foreign?: { type: string; body: string };
  /** It never comes: not even its headers, or the rest of its body. */
  hangs?: "before" | "within";
  /** The endpoint does not count tokens. */
  uncounted?: boolean;
  text?: string;
  reasoning?: string;
  /** Why the answer ended: `length` where it was cut off at the limit. */
  finish?: "stop" | "length";
  /** Default: 7 in and 3 out. */
  usage?: { prompt_tokens: number; completion_tokens: number };
}

export type Answer = string | number | Misbehavior;

/** An OpenAI-compatible endpoint on loopback that gives these answers in turn, or as a function says; a number is an HTTP status. */
export async function startChatServer(
  answers: Answer[] | ((asked: ChatRequest) => Answer),
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
    const {
      status,
      delayMs,
      cut,
      foreign,
      hangs,
      uncounted,
      text = "",
      reasoning,
      finish = "stop",
      usage = { prompt_tokens: 7, completion_tokens: 3 },
    } = typeof answer === "string" ? { text: answer } : answer;
    if (delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (hangs === "before") return;
    if (status !== undefined) return void response.writeHead(status, { "retry-after": "0" }).end("{}");
    if (foreign !== undefined)
      return void response.writeHead(200, { "content-type": foreign.type }).end(foreign.body);
    const message = { role: "assistant", content: text, ...(reasoning && { reasoning_content: reasoning }) };
    const whole = JSON.stringify({
      id: "x",
      object: "chat.completion",
      choices: [{ index: 0, message, finish_reason: finish }],
      ...(!uncounted && { usage }),
    });
    response.writeHead(200, { "content-type": "application/json" });
    if (cut === undefined && hangs === undefined) return void response.end(whole);
    response.write(whole.slice(0, -20));
    if (cut === "json") response.end();
    if (cut === "connection") setTimeout(() => response.destroy(), 10);
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
