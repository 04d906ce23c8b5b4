import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startChatServer } from "../chat-server.ts";
import { call } from "../clients.ts";
import { startEmbeddingServer } from "../embedding-server.ts";
import { bearer, EVERYTHING, post, startService, toolCall } from "./service.ts";

const lines: string[] = [];
const { error } = console;
beforeEach(() => {
  lines.length = 0;
  console.error = (line: string) => void lines.push(line);
});
afterEach(() => {
  console.error = error;
});

test("it lives, is ready when its ledger and its index are, and says why when not", async () => {
  await using served = await startService();
  expect(await (await fetch(served.at("/healthz"))).text()).toBe("ok\n");
  await expect.poll(async () => (await fetch(served.at("/readyz"))).status).toBe(200);
  const { ledger } = await served.app.ports();
  await ledger.close();
  const answer = await fetch(served.at("/readyz"));
  expect(answer.status).toBe(503);
  expect(await answer.json()).toEqual({
    ready: false,
    reasons: ["the ledger does not answer; the server's log says why"],
  });
  expect((await fetch(served.at("/healthz"))).status).toBe(200);
});

test("while the ledger is away callers are told to come again, in no words of its own", async () => {
  await using served = await startService({ HANDBOOK_DATABASE_URL: "postgres://x:secret@127.0.0.1:1/none" });
  const answer = await post(served.url, toolCall("handbook_report", {}), bearer("hbk_none"));
  expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "10"]);
  expect(await answer.json()).toEqual({ error: "temporarily_unavailable", code: "LEDGER_UNWRITABLE" });
});

describe("the figures", () => {
  test("count calls by tool and outcome, and what was served", async () => {
    await using served = await startService();
    const client = await served.client();
    await call(client, "retrieve_behaviors", { task: "t" });
    await call(client, "report_outcome", { trace_id: "x", outcome: "success", evidence: "user" }).catch(
      () => {},
    );
    const text = await (await fetch(served.at("/metrics"))).text();
    for (const line of [
      'handbook_tool_calls_total{tool="retrieve_behaviors",outcome="ok"} 1',
      'handbook_tool_calls_total{tool="report_outcome",outcome="UNKNOWN_TRACE"} 1',
      'handbook_tool_seconds_count{tool="retrieve_behaviors"} 1',
      "handbook_retrieval_behaviors_count 1",
      'handbook_index_lag{index="words"}',
      "handbook_ledger_busy_total",
      "process_resident_memory_bytes",
    ])
      expect(text).toContain(line);
  });

  test("are for admins where callers are told apart", async () => {
    await using served = await startService();
    const [admin, reader] = [await served.key({ admin: ["*"] }), await served.key({ read: ["*"] })];
    const narrow = await served.key({ admin: ["yard"] }); // the figures tell of all handbooks
    const status = async (headers?: Record<string, string>) =>
      (await fetch(served.at("/metrics"), { headers: headers ?? {} })).status;
    expect(await status()).toBe(401);
    for (const key of [reader, narrow]) expect(await status(bearer(key))).toBe(403);
    expect(await status(bearer(admin))).toBe(200);
  });
});

test("each line of the log says which request it is about, and none holds what was written or a key", async () => {
  await using served = await startService();
  const key = await served.key(EVERYTHING, { name: "ci" });
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const headers = { ...bearer(key), "x-request-id": "run-7", traceparent: `00-${trace}-b7ad6b7169203331-01` };
  const answer = await post(
    served.url,
    toolCall("record_trace", { task: "xylophone task", reasoning: "xylophone" }),
    headers,
  );
  expect(answer.headers.get("x-request-id")).toBe("run-7");
  await answer.text();
  await post(served.url, '{"xylophone', bearer(key));
  await post(served.url, { jsonrpc: "2.0", id: 1, method: "xylophone" }, bearer("xylophone"));
  const odd = await post(served.url, "{}", { ...bearer(key), "x-request-id": 'a b"c' });
  expect(odd.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  await expect
    .poll(() => lines.filter((line) => line.includes("http.request")).length)
    .toBeGreaterThanOrEqual(4);
  const own = lines.map((line) => JSON.parse(line)).filter(({ request_id }) => request_id === "run-7");
  expect(own).toMatchObject([
    { event: "tool.called", tool: "record_trace", outcome: "ok", trace_id: trace, by: "ci" },
    { event: "http.request", method: "POST", path: "/mcp", status: 200, trace_id: trace, by: "ci" },
  ]);
  const all = lines.join("\n");
  expect(all).not.toContain("xylophone");
  expect(all).not.toContain(key.slice(17));
});

test("the trace context goes on to the embedder that is asked, with the question and with nothing else", async () => {
  await using embedder = await startEmbeddingServer();
  await using served = await startService({
    HANDBOOK_EMBEDDER: "openai",
    HANDBOOK_EMBEDDER_MODEL: "m",
    HANDBOOK_EMBEDDER_URL: embedder.baseUrl,
  });
  const client = await served.client(await served.key(EVERYTHING));
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const task = "Weigh the crates";
  await client.callTool({ name: "retrieve_behaviors", arguments: { task }, _meta: { traceparent } });
  const told = () => embedder.requests.filter((_, n) => embedder.headers[n]?.traceparent === traceparent);
  await expect.poll(told).toMatchObject([{ input: [task] }]); // the answer may not have waited for it
});

test("the trace context goes on to the model that is asked", async () => {
  await using model = await startChatServer([]);
  await using served = await startService({ HANDBOOK_MODEL: "m", OPENAI_BASE_URL: model.baseUrl });
  const client = await served.client();
  const { trace_id } = await call(client, "record_trace", { task: "t", reasoning: "r" });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await client.callTool({
    name: "reflect_and_extract",
    arguments: { trace_ids: [trace_id] },
    _meta: { traceparent },
  });
  expect(model.headers.map((headers) => headers.traceparent)).toContain(traceparent);
});
