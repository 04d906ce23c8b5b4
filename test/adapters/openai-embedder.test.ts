import { expect, test } from "vitest";
import { openaiEmbedder } from "../../src/adapters/openai-embedder.ts";
import { HandbookError } from "../../src/errors.ts";
import { startEmbeddingServer, vectorsOf } from "../embedding-server.ts";

const embedderAt = (server: { baseUrl: string }, more: { dimensions?: number; timeoutMs?: number } = {}) =>
  openaiEmbedder({ baseUrl: server.baseUrl, apiKey: "k", model: "m", ...more });

test("vectors come in the order of the texts, at unit length", async () => {
  await using server = await startEmbeddingServer();
  const [first, second] = await embedderAt(server).embed(["abcd", ""], "passage");
  expect([...(first ?? [])]).toEqual([Math.fround(0.6), Math.fround(0.8), 0]);
  expect(Math.hypot(...(second ?? []))).toBeCloseTo(1);
  expect(server.requests).toMatchObject([{ model: "m", input: ["abcd", "-"] }]);
});

test("the index counts, not the order of arrival", async () => {
  const input = ["a", "bb", "cccc"];
  await using server = await startEmbeddingServer([{ data: vectorsOf(input).reverse() }]);
  const vectors = await embedderAt(server).embed(input, "passage");
  expect(vectors[2]?.[1]).toBeCloseTo(0.8);
});

test("base64 is read as well as numbers", async () => {
  const embedding = Buffer.from(Float32Array.of(3, 4).buffer).toString("base64");
  await using server = await startEmbeddingServer([{ data: [{ embedding }] }]);
  const [vector] = await embedderAt(server).embed(["a"], "passage");
  expect([...(vector ?? [])]).toEqual([Math.fround(0.6), Math.fround(0.8)]);
});

test("batches are bounded in number and in characters, and texts are cut", async () => {
  await using server = await startEmbeddingServer();
  const texts = [
    ...Array.from({ length: 70 }, () => "short"),
    ...Array.from({ length: 20 }, () => "x".repeat(9000)),
  ];
  expect(await embedderAt(server).embed(texts, "passage")).toHaveLength(90);
  expect(server.requests.map(({ input }) => input.length)).toEqual([64, 22, 4]);
  expect(Math.max(...server.requests.flatMap(({ input }) => input.map((text) => text.length)))).toBe(6000);
});

test("a question gets the prefix that its model was trained with, a passage none", async () => {
  await using server = await startEmbeddingServer();
  const embedder = openaiEmbedder({ baseUrl: server.baseUrl, apiKey: "k", model: "bge-small-en-v1.5" });
  await embedder.embed(["what?"], "query");
  await embedder.embed(["that."], "passage");
  expect(server.requests.map(({ input }) => input)).toEqual([
    ["Represent this sentence for searching relevant passages: what?"],
    ["that."],
  ]);
});

test("429 and 503 are tried again", async () => {
  await using server = await startEmbeddingServer([429, 503]);
  expect(await embedderAt(server).embed(["a"], "passage")).toHaveLength(1);
  expect(server.requests).toHaveLength(3);
});

test("dimensions are asked for only when they are set", async () => {
  await using server = await startEmbeddingServer();
  await embedderAt(server).embed(["a"], "passage");
  await embedderAt(server, { dimensions: 3 }).embed(["a"], "passage");
  expect(server.requests.map(({ dimensions }) => dimensions)).toEqual([undefined, 3]);
});

test.each([
  ["fewer vectors than texts", { data: vectorsOf(["a"]) }],
  ["more vectors than texts", { data: vectorsOf(["a", "b", "c"]) }],
  [
    "an index beyond the texts",
    {
      data: [
        { index: 0, embedding: [1] },
        { index: 4e9, embedding: [1] },
      ],
    },
  ],
  ["an index twice", { data: [...vectorsOf(["a"]), ...vectorsOf(["b"])] }],
  ["unequal lengths", { data: [{ embedding: [1, 2] }, { embedding: [1, 2, 3] }] }],
  [
    "NaN",
    {
      data: [
        { embedding: Buffer.from(Float32Array.of(Number.NaN).buffer).toString("base64") },
        { embedding: [1] },
      ],
    },
  ],
  ["a vector of zeros", { data: [{ embedding: [0, 0] }, { embedding: [1, 0] }] }],
  ["an empty vector", { data: [{ embedding: [] }, { embedding: [] }] }],
  ["no vectors at all", { answer: "hello" }],
])("%s is bad output", async (_, reply) => {
  await using server = await startEmbeddingServer([reply]);
  await expect(embedderAt(server).embed(["a", "b"], "passage")).rejects.toMatchObject({
    code: "EMBEDDER_BAD_OUTPUT",
  });
});

test("another length than before, or than was asked for, is bad output", async () => {
  await using server = await startEmbeddingServer([{ data: [{ embedding: [1, 2] }] }]);
  const embedder = embedderAt(server);
  await embedder.embed(["a"], "passage");
  await expect(embedder.embed(["a"], "passage")).rejects.toThrow(
    "3 numbers in a vector, where there must be 2",
  );
  await expect(embedderAt(server, { dimensions: 4 }).embed(["a"], "passage")).rejects.toThrow(
    "where there must be 4",
  );
});

test.each([
  [401, "refused the key"],
  [404, "does not know this model"],
  [418, "failed (HTTP 418)"],
])("HTTP %i is unavailable, without the endpoint's words", async (status, message) => {
  await using server = await startEmbeddingServer([status]);
  const failure = await embedderAt(server)
    .embed(["a"], "passage")
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "EMBEDDER_UNAVAILABLE", message: expect.stringContaining(message) });
  expect(`${failure}`).not.toContain("stranger");
});

test.each([400, 413, 422])("HTTP %i is of this text: the next one is asked for at once", async (status) => {
  await using server = await startEmbeddingServer([status]);
  const embedder = embedderAt(server);
  await expect(embedder.embed(["a"], "query")).rejects.toMatchObject({
    code: "EMBEDDER_BAD_OUTPUT",
    message: `the embedding endpoint refused a text (HTTP ${status})`,
  });
  expect(await embedder.embed(["b"], "query")).toHaveLength(1);
});

test("a text is not cut in the middle of a character", async () => {
  await using server = await startEmbeddingServer();
  await embedderAt(server).embed([`${"x".repeat(5999)}😀`], "passage");
  expect(server.requests[0]?.input[0]?.slice(5998)).toBe("x\ufffd");
});

test("a body that breaks off is unavailable or bad output, never a vector", async () => {
  await using server = await startEmbeddingServer([
    (response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
      response.write('{"data":[{"embedd');
      setImmediate(() => response.destroy());
    },
  ]);
  await expect(embedderAt(server).embed(["a"], "passage")).rejects.toThrow(HandbookError);
});

test("a silent server is unavailable, and then nobody asks it for a while", async () => {
  const silent = () => {};
  await using server = await startEmbeddingServer([silent, silent, silent]);
  const embedder = embedderAt(server, { timeoutMs: 250 }); // each request has to reach it
  await expect(embedder.embed(["a"], "query")).rejects.toMatchObject({ code: "EMBEDDER_UNAVAILABLE" });
  await expect(embedder.embed(["b"], "query")).rejects.toThrow("does not answer");
  expect(server.requests).toHaveLength(3);
});

test("who gives up goes at once, and the endpoint does not count as down", async () => {
  const giveUp = new AbortController();
  await using server = await startEmbeddingServer([() => giveUp.abort()]);
  const embedder = embedderAt(server);
  await expect(embedder.embed(["a"], "query", giveUp)).rejects.toThrow(HandbookError);
  expect(await embedder.embed(["a"], "query")).toHaveLength(1);
});

test("closing ends what is under way", async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  await using server = await startEmbeddingServer([() => resolve()]);
  const embedder = embedderAt(server);
  const answer = embedder.embed(["a"], "passage");
  answer.catch(() => {});
  await asked;
  await embedder.close();
  await expect(answer).rejects.toMatchObject({ code: "EMBEDDER_UNAVAILABLE" });
});
