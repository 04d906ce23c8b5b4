import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { revokeKey } from "../../src/lifecycle/admit.ts";
import { keyText } from "../../src/rules/keys.ts";
import { serveOnHttp } from "../../src/serve/http.ts";
import { call } from "../clients.ts";
import { tempDirectory } from "../ports.ts";
import {
  appAt,
  bearer,
  EVERYTHING,
  newClient,
  newKey,
  oldClient,
  post,
  startService,
  toolCall,
} from "./service.ts";

const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };
const wrong = keyText("0123456789ab", "0".repeat(64));

describe("beyond loopback", () => {
  test("it does not start without a key or an issuer, nor without a name; with both it does", async () => {
    using home = tempDirectory();
    const app = appAt(home.path);
    await expect(serveOnHttp(app, 0, "0.0.0.0")).rejects.toThrow(/anybody who reaches/);
    const { key } = await newKey(app, EVERYTHING, { name: "k" });
    await expect(serveOnHttp(app, 0, "0.0.0.0")).rejects.toThrow(/no name/);
    await expect(serveOnHttp(app, 0, "192.0.2.1")).rejects.toThrow(/no address of this machine/);
    await revokeKey(await app.ports(), key.id);
    await expect(serveOnHttp(app, 0, "0.0.0.0")).rejects.toThrow(/anybody who reaches/);
    await app.close();
  });

  test("it answers to its public name and to no other, and to no page of another one", async () => {
    using home = tempDirectory();
    const app = appAt(home.path, { HANDBOOK_PUBLIC_URL: "https://handbook.example.com/mcp" });
    const { text } = await newKey(app, EVERYTHING, { name: "k" });
    const service = await serveOnHttp(app, 0, "0.0.0.0");
    const port = Number(new URL(service.url).port);
    const status = (headers: Record<string, string>) => rawStatus(port, headers, text);
    expect(await status({ host: "handbook.example.com" })).toBe(200);
    expect(await status({ host: "127.0.0.1" })).toBe(200);
    expect(await status({ host: "evil.example.com" })).toBe(403);
    expect(await status({ host: "handbook.example.com", origin: "https://evil.example.com" })).toBe(403);
    expect(await status({ host: "handbook.example.com", origin: "https://handbook.example.com" })).toBe(200);
    await service.close();
    await app.close();
  });
});

describe("a key", () => {
  test("is demanded once one was made, at once and for ever; before, loopback is open", async () => {
    await using served = await startService();
    expect((await post(served.url, list)).status).toBe(200);
    const { key, text } = await newKey(served.app, EVERYTHING, { name: "k" });
    const refused = await post(served.url, list);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect((await post(served.url, list, bearer(text))).status).toBe(200);
    for (const open of [await newClient(served.url, text), await oldClient(served.url, text)]) {
      expect((await open.listTools()).tools).toHaveLength(8);
      await open.close();
    }
    await revokeKey(await served.app.ports(), key.id);
    expect((await post(served.url, list, bearer(text))).status).toBe(401);
    expect((await post(served.url, list)).status).toBe(401);
  });

  test.each(["", "hbk_", wrong, `${wrong}0`, "hbk_0123456789ab_", "a.b.c", "x".repeat(10_000), "é"])(
    "that is none is told no more than that: %.20s",
    async (text) => {
      await using served = await startService();
      const good = await served.key(EVERYTHING);
      const id = good.split("_")[1] ?? "";
      for (const bad of [text, keyText(id, "0".repeat(64))]) {
        const answer = await post(served.url, list, { authorization: `Bearer ${encodeURIComponent(bad)}` });
        expect([400, 401]).toContain(answer.status);
        expect(await answer.text()).not.toMatch(/at .*\.ts|node_modules|sqlite/i);
      }
    },
  );

  test("ends when its time is up, and what it was used for is noted once a minute", async () => {
    await using served = await startService();
    const { key, text } = await newKey(served.app, EVERYTHING, {
      name: "k",
      expires_at: new Date(Date.now() + 1200).toISOString(),
    });
    expect((await post(served.url, list, bearer(text))).status).toBe(200);
    await served.app.idle();
    const { ledger } = await served.app.ports();
    const used = (await ledger.key(key.id))?.last_used_at;
    expect(used).toBeDefined();
    await post(served.url, list, bearer(text));
    await served.app.idle();
    expect((await ledger.key(key.id))?.last_used_at).toBe(used);
    await sleep(1300);
    expect((await post(served.url, list, bearer(text))).status).toBe(401);
  });

  test("of which hundreds are wrong does not keep a good one out", async () => {
    await using served = await startService();
    const good = await served.key(EVERYTHING);
    const client = await served.client(good);
    const bad = Array.from({ length: 300 }, (_, n) =>
      post(served.url, list, bearer(keyText(n.toString(16).padStart(12, "0"), "0".repeat(64)))),
    );
    for (let n = 0; n < 20; n++) await call(client, "handbook_report", {});
    const statuses = (await Promise.all(bad)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(30);
    await call(client, "handbook_report", {});
  });

  test("may call so often, and is then told when to come again; another one is not kept waiting", async () => {
    await using served = await startService({ HANDBOOK_RATE_LIMIT: "5" });
    const [one, other] = [await served.key(EVERYTHING), await served.key(EVERYTHING)];
    for (let n = 0; n < 5; n++) expect((await post(served.url, list, bearer(one))).status).toBe(200);
    const late = await post(served.url, list, bearer(one));
    expect(late.status).toBe(429);
    expect(Number(late.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await post(served.url, list, bearer(other))).status).toBe(200);
  });
});

test("a batch is as many calls as it holds", async () => {
  await using served = await startService({ HANDBOOK_RATE_LIMIT: "10" });
  const key = await served.key(EVERYTHING);
  const batch = Array.from({ length: 50 }, (_, id) => ({ ...toolCall("handbook_report", {}), id }));
  const answer = await (await post(served.url, batch, bearer(key))).text();
  expect(answer.match(/"structuredContent"/g)).toHaveLength(10);
  expect(answer.match(/RATE_LIMITED/g)).toHaveLength(40);
  expect((await post(served.url, list, bearer(key))).status).toBe(429);
});

test("malformed bodies are refused and leave no trace of the inside", async () => {
  await using served = await startService();
  const bodies = [
    "",
    "{",
    "null",
    "[]",
    '"x"',
    "\u0000",
    '{"jsonrpc":"2.0"}',
    "[".repeat(50_000),
    '{"jsonrpc":"2.0","id":{},"method":5}',
    JSON.stringify(toolCall("no_such_tool", {})),
    JSON.stringify(toolCall("record_trace", { task: { deep: 1 } })),
  ];
  for (const body of bodies) {
    const answer = await post(served.url, body);
    expect(answer.status).toBeLessThan(500);
    expect(await answer.text()).not.toMatch(/\n\s+at |node_modules|\.ts:/);
  }
  expect((await post(served.url, list, { "content-type": "text/plain" })).status).toBe(415);
  expect((await post(served.url, "x".repeat(17 * 1024 * 1024))).status).toBe(413);
  for (const method of ["GET", "DELETE", "PUT"])
    expect((await fetch(served.url, { method })).status).toBe(405);
  expect((await fetch(served.at("/nothing"))).status).toBe(404);
  expect((await post(served.url, list)).status).toBe(200);
});

test("a trace between the SDK's own limit and ours is taken", async () => {
  await using served = await startService();
  const reasoning = "é\n\n".repeat(690_000); // 2 MB of text, more than 4 MB of JSON
  const answer = await post(served.url, toolCall("record_trace", { task: "t", reasoning }));
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain("trace_id");
});

describe("a tool that takes too long", () => {
  test("is stopped, and it is said that nothing was stored", async () => {
    await using slow = await silentEndpoint();
    await using served = await startService({
      HANDBOOK_TOOL_SECONDS: "0.1",
      HANDBOOK_MODEL: "m",
      OPENAI_BASE_URL: slow.url,
    });
    const client = await served.client();
    const { ledger } = await served.app.ports();
    // A slow machine may not record in time; it is stored then or it is not.
    await expect
      .poll(async () => {
        await call(client, "record_trace", { task: "t", reasoning: "r" }).catch(() => {});
        return ledger.recentTraces(1);
      })
      .toHaveLength(1);
    const [first] = await ledger.recentTraces(1);
    // Nor does it always reach the model in time; each call is stopped all the same.
    await expect
      .poll(
        async () => {
          await expect(call(client, "reflect_and_extract", { trace_ids: [first?.id] })).rejects.toThrow(
            /TIMED_OUT: .*0\.5 seconds.*Nothing was stored/,
          );
          await served.app.idle();
          return slow.aborted();
        },
        { timeout: 10_000 },
      )
      .toBeGreaterThan(0);
    expect((await ledger.counts("default")).reflections).toMatchObject({ open: 0, done: 0 });
  });
});

test.concurrent("a resource, a prompt or a completion that takes too long is stopped too", async ({
  expect,
}) => {
  await using served = await startService({ HANDBOOK_TOOL_SECONDS: "0.2" });
  const { ledger } = await served.app.ports();
  const client = await served.client();
  const uri = "handbook://default";
  await expect.poll(() => client.readResource({ uri }).catch(() => {})).toBeDefined();
  const { handbook, handbooks } = ledger; // a ledger that answers late
  ledger.handbook = (slug) => sleep(1000).then(() => handbook(slug));
  ledger.handbooks = () => sleep(1000).then(handbooks);
  const argument = { name: "handbook", value: "" };
  for (const late of [
    () => client.readResource({ uri }),
    () => client.listResources(),
    () => client.getPrompt({ name: "solve_with_behaviors", arguments: { task: "t" } }),
    () => client.complete({ ref: { type: "ref/resource", uri: "handbook://{handbook}" }, argument }),
  ])
    await expect(late()).rejects.toThrow(/not done within 0\.2 seconds/);
});

test.concurrent("a shutdown finishes the call that runs, takes no new one, and waits for no half-open connection", async ({
  expect,
}) => {
  await using slow = await silentEndpoint(800, "a reflection of no use");
  using home = tempDirectory();
  const app = appAt(home.path, { HANDBOOK_MODEL: "m", OPENAI_BASE_URL: slow.url });
  const service = await serveOnHttp(app, 0);
  const url = new URL(service.url);
  const client = await newClient(url);
  const half = await halfOpen(url);
  const { trace_id } = await call(client, "record_trace", { task: "t", reasoning: "r" });
  await client.listen({ resourcesListChanged: true }); // it never ends by itself
  const running = call(client, "reflect_and_extract", { trace_ids: [trace_id] }).catch((error: unknown) =>
    String(error),
  );
  await sleep(200);
  const started = performance.now();
  const closing = service.close();
  await expect(fetch(new URL("/readyz", url)).then(({ status }) => status)).rejects.toThrow();
  expect(await running).toMatch(/LLM_BAD_OUTPUT/); // the model was waited for, and its answer was looked at
  await closing;
  expect(performance.now() - started).toBeLessThan(5000);
  await expect.poll(() => half.closed).toBe(true);
  await client.close().catch(() => {});
  await app.close();
});

test.concurrent("a shutdown does not wait for a client that reads no answers", async ({ expect }) => {
  using home = tempDirectory();
  const app = appAt(home.path);
  const service = await serveOnHttp(app, 0);
  const url = new URL(service.url);
  const client = await newClient(url);
  const { trace_id } = await call(client, "record_trace", { task: "t", reasoning: "漢".repeat(600_000) });
  const read = { jsonrpc: "2.0", id: 1, method: "resources/read", params: { uri: `trace://${trace_id}` } };
  const body = JSON.stringify(read);
  const lines = ["POST /mcp HTTP/1.1", "Host: localhost", "Content-Type: application/json"];
  const accept = "Accept: application/json, text/event-stream";
  const deaf = connect(Number(url.port), "127.0.0.1").pause();
  deaf.on("error", () => {});
  for (let n = 0; n < 8; n++)
    deaf.write([...lines, accept, `Content-Length: ${body.length}`, "", body].join("\r\n"));
  await sleep(1000);
  await client.close();
  const started = performance.now();
  await service.close();
  expect(performance.now() - started).toBeLessThan(10_000);
  deaf.destroy();
  await app.close();
});

/** The status of a request whose Host is not where it goes to. */
function rawStatus(port: number, headers: Record<string, string>, key: string): Promise<number> {
  const body = JSON.stringify(list);
  const lines = Object.entries({
    ...headers,
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "content-length": String(body.length),
    connection: "close",
  }).map(([name, value]) => `${name}: ${value}`);
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () =>
      socket.write(`POST /mcp HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n${body}`),
    );
    socket.on("error", reject).once("data", (chunk) => {
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(String(chunk))?.[1]));
      socket.destroy();
    });
  });
}

/** A client that promises a body and sends none of it. */
async function halfOpen(url: URL): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname);
  await once(socket, "connect");
  socket.on("error", () => {}).resume();
  socket.write(
    `POST /mcp HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{`,
  );
  return socket;
}

/** A model that thinks for long, or for ever. */
async function silentEndpoint(ms?: number, text = "") {
  let aborted = 0;
  const server = createServer((_, response) => {
    response.once("close", () => {
      if (!response.writableEnded) aborted++;
    });
    if (ms === undefined) return;
    const message = { role: "assistant", content: text };
    setTimeout(
      () =>
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ choices: [{ index: 0, message }] })),
      ms,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    aborted: () => aborted,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
