import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { type App, createApp } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { buildServer } from "../src/serve/server.ts";
import { tempDirectory } from "./ports.ts";
import { UNDRAWN } from "./undrawn.ts";

export interface Connected extends AsyncDisposable {
  client: Client;
  app: App;
}

/** A client of the real server on a fresh directory, over the HTTP handler without a socket. */
export async function connectInProcess(environment: Record<string, string> = {}): Promise<Connected> {
  const directory = tempDirectory();
  const app = createApp(
    readConfig({ HANDBOOK_HOME: directory.path, HANDBOOK_STARTERS: "off", ...UNDRAWN, ...environment }),
    { meaning: true },
  );
  const handler = createMcpHandler(() => buildServer(app));
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL("http://localhost/mcp"), {
      fetch: (url, init) => handler.fetch(new Request(url, init)),
    }),
  );
  return {
    client,
    app,
    async [Symbol.asyncDispose]() {
      await client.close();
      await handler.close();
      await app.close();
      directory[Symbol.dispose]();
    },
  };
}

/** Calls a tool and returns its structured answer; throws with the error's text when it is one. */
export async function call(client: Pick<Client, "callTool">, name: string, input: Record<string, unknown>) {
  const result = await client.callTool({ name, arguments: input });
  const [content] = result.content ?? [];
  const text = content?.type === "text" ? content.text : "";
  if (result.isError) throw new Error(text);
  expectSame(text, result.structuredContent);
  return result.structuredContent as Record<string, never>;
}

/** Some clients show only the text, some only the structure: both must say the same. */
function expectSame(text: string, structured: unknown): void {
  if (text !== JSON.stringify(structured)) throw new Error("text and structuredContent differ");
}
