import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { embedPassages, queryVectors } from "../../../src/adapters/lance/checked-vectors.ts";
import { cut } from "../../../src/adapters/lance/lance-rows.ts";
import { openaiEmbedder } from "../../../src/adapters/openai-embedder.ts";
import { startEmbeddingServer, vectorsOf } from "../../embedding-server.ts";
import { hashEmbedder } from "../../hash-embedder.ts";

const TEXTS = ["one", "two", "BAD", "four", "five"];
const isBad = (text: string) => text.includes("BAD");

test.each([
  ["refuses with 400", (texts: string[]) => (texts.some(isBad) ? 400 : vectorsOf(texts))],
  ["refuses with 413", (texts: string[]) => (texts.some(isBad) ? 413 : vectorsOf(texts))],
  ["refuses with 422", (texts: string[]) => (texts.some(isBad) ? 422 : vectorsOf(texts))],
  ["fails on with 500", (texts: string[]) => (texts.some(isBad) ? 500 : vectorsOf(texts))],
  [
    "gives no direction",
    (texts: string[]) =>
      texts.map((text, index) => ({ index, embedding: isBad(text) ? [0, 0, 0] : [1, 2, 3] })),
  ],
])("a text that an endpoint %s costs that text alone", async (_, vectors) => {
  await using server = await startEmbeddingServer([], vectors);
  const embedder = openaiEmbedder({ baseUrl: server.baseUrl, apiKey: "k", model: "m" });
  const found = await embedPassages(embedder, TEXTS, 3);
  expect(found.map((vector) => vector?.length ?? null)).toEqual([3, 3, null, 3, 3]);
});

test("an endpoint that fails for a moment costs no text", async () => {
  await using server = await startEmbeddingServer([500, 500, 500]); // as often as a request is made
  const embedder = openaiEmbedder({ baseUrl: server.baseUrl, apiKey: "k", model: "m" });
  expect(await embedPassages(embedder, ["one"], 3)).toEqual([expect.any(Float32Array)]);
});

test("an endpoint that fails on every text is told, and what to check", async () => {
  await using server = await startEmbeddingServer([], () => 500);
  const embedder = openaiEmbedder({ baseUrl: server.baseUrl, apiKey: "k", model: "m" });
  await expect(embedPassages(embedder, TEXTS, 3)).rejects.toThrow("HTTP 500");
});

test("an endpoint that refuses every text is told, and what to check", async () => {
  await using server = await startEmbeddingServer([], () => 400);
  const embedder = openaiEmbedder({ baseUrl: server.baseUrl, apiKey: "k", model: "m" });
  await expect(embedPassages(embedder, TEXTS, 3)).rejects.toMatchObject({
    code: "EMBEDDER_BAD_OUTPUT",
    message: expect.stringContaining("HTTP 400"),
    fix: expect.stringContaining("HANDBOOK_EMBEDDER_MODEL"),
  });
  expect(server.requests).toHaveLength(2);
});

test("a query that is asked for twice at once, or again, is embedded once", async () => {
  const embedder = hashEmbedder();
  const vectorOf = queryVectors(embedder);
  const [first, second] = await Promise.all([vectorOf("a"), vectorOf("a")]);
  expect(await vectorOf("a")).toBe(first);
  expect(second).toBe(first);
  await vectorOf("b");
  expect(embedder.calls).toEqual([["a"], ["b"]]);
});

test("the vectors that are kept do not keep the tasks they were made of", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc");
  const used = () => {
    gc();
    return process.memoryUsage().heapUsed;
  };
  const vectorOf = queryVectors({
    ...hashEmbedder(),
    embed: async (texts) => texts.map(() => Float32Array.of(1)),
  });
  const before = used();
  for (let i = 0; i < 200; i++) await vectorOf(cut(Buffer.alloc(100_000, `${i} task `).toString()));
  expect(used() - before).toBeLessThan(5_000_000); // of 20 MB of tasks
});
