import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { writeRandomModel } from "../../scripts/random-model.ts";
import { embedPassages } from "../../src/adapters/lance/checked-vectors.ts";
import { type LocalEmbedderOptions, localEmbedder } from "../../src/adapters/local-embedder.ts";
import { startModelHub } from "../model-hub.ts";
import { tempDirectory } from "../ports.ts";

const MODEL = "some/model";
const made = tempDirectory();
const WORDS = ["tests", "are", "flaky", "run", "them", "twice", "the", "ship", "sails", "at", "dawn"];
beforeAll(() => writeRandomModel(join(made.path, MODEL), { words: WORDS }));
afterAll(() => made[Symbol.dispose]());

/** On the tiny model, offline; closed with the test. */
function embedder(options: Partial<LocalEmbedderOptions> = {}) {
  const it = localEmbedder({
    model: MODEL,
    home: made.path,
    directory: made.path,
    offline: true,
    ...options,
  });
  onTestFinished(() => it.close());
  return it;
}

const cosine = (a: Float32Array | undefined, b: Float32Array | undefined) =>
  (a ?? new Float32Array()).reduce((sum, value, at) => sum + value * (b?.[at] ?? 0), 0);

describe("with a real model in a real thread", () => {
  test("texts become unit vectors in their order, the same alone and in a batch", async () => {
    const it = embedder();
    const texts = Array.from(
      { length: 21 },
      (_, at) => "the ship sails ".repeat((at * 7) % 11) + WORDS[at % 11],
    );
    const vectors = await it.embed(texts, "passage");
    expect(vectors).toHaveLength(21);
    for (const [at, text] of texts.entries()) {
      expect(vectors[at]).toHaveLength(32);
      expect(cosine(vectors[at], vectors[at])).toBeCloseTo(1);
      const [alone] = await it.embed([text], "passage");
      expect(cosine(vectors[at], alone), text).toBeGreaterThan(0.99);
    }
  });

  test("texts that share words are nearer than those that do not", async () => {
    const [a, b, c] = await embedder().embed(
      ["the tests are flaky", "tests are flaky run them twice", "ship sails at dawn"],
      "passage",
    );
    expect(cosine(a, b)).toBeGreaterThan(cosine(a, c) + 0.1);
  });

  test("a text longer than the model reads is cut", async () => {
    const it = embedder();
    const [long, longer] = await it.embed(["ship ".repeat(600), "ship ".repeat(3000)], "passage");
    expect(cosine(long, longer)).toBeCloseTo(1);
  });

  test("no text is no vector", async () => {
    expect(await embedder().embed([], "passage")).toEqual([]);
  });

  test("a query goes before the passages that wait", async () => {
    const it = embedder();
    await it.embed(["ready"], "query");
    const order: string[] = [];
    const passages = it.embed(
      Array.from({ length: 64 }, () => "ship"),
      "passage",
    );
    const query = it.embed(["tests"], "query");
    await Promise.all([passages.then(() => order.push("passages")), query.then(() => order.push("query"))]);
    expect(order).toEqual(["query", "passages"]);
  });

  test("the prefix of a query changes its vector and the name of the model", async () => {
    const [plain, prefixed] = [embedder(), embedder({ queryPrefix: "dawn: " })];
    const [a] = await plain.embed(["ship"], "query");
    const [b] = await prefixed.embed(["ship"], "query");
    const [c] = await plain.embed(["dawn: ship"], "query");
    expect(cosine(b, c)).toBeCloseTo(1);
    expect(cosine(a, b)).toBeLessThan(0.99);
    expect(plain.model).not.toBe(prefixed.model);
  });

  test("pooling is the setting's, else what the model's files say, else the mean", async () => {
    const folder = join(made.path, "pooled", "1_Pooling");
    writeRandomModel(dirname(folder), { words: WORDS });
    mkdirSync(folder);
    writeFileSync(
      join(folder, "config.json"),
      '{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}',
    );
    const vector = async (options: Partial<LocalEmbedderOptions>) =>
      (await embedder(options).embed(["the ship sails"], "passage"))[0];
    const [mean, cls, last] = [
      await vector({}),
      await vector({ pooling: "cls" }),
      await vector({ pooling: "last_token" }),
    ];
    expect(cosine(mean, cls)).toBeLessThan(0.9);
    expect(cosine(last, cls)).toBeLessThan(0.99);
    expect(cosine(await vector({ model: "pooled" }), cls)).toBeCloseTo(1);
    expect(cosine(await vector({ model: "pooled", pooling: "mean" }), mean)).toBeCloseTo(1);
  });

  test("closing under load rejects what waits and does no harm", async () => {
    for (let round = 0; round < 3; round++) {
      const it = embedder();
      await it.embed(["ready"], "query");
      const waiting = it.embed(
        Array.from({ length: 100 }, () => "ship ".repeat(400)),
        "passage",
      );
      const closed = expect(waiting).rejects.toMatchObject({ code: "EMBEDDER_UNAVAILABLE" });
      await it.close();
      await closed;
      await expect(it.embed(["ship"], "passage")).rejects.toThrow("was closed");
    }
  });

  test("a file that is no model says so, and is not tried at every call", async () => {
    const folder = join(made.path, "broken");
    writeRandomModel(folder);
    truncateSync(join(folder, "onnx", "model_quantized.onnx"), 5000);
    let now = 0;
    const it = embedder({ model: "broken", now: () => now });
    await expect(it.embed(["ship"], "query")).rejects.toThrow("the model broken cannot be run");
    writeRandomModel(folder);
    await expect(it.embed(["ship"], "query")).rejects.toThrow("the model broken cannot be run");
    now = 5000;
    expect(await it.embed(["ship"], "query")).toHaveLength(1);
  });
});

describe("a model that is not there", () => {
  test("is not downloaded offline", async () => {
    const failure = embedder({ model: "not/there" }).embed(["ship"], "query");
    await expect(failure).rejects.toMatchObject({
      code: "EMBEDDER_UNAVAILABLE",
      fix: expect.stringContaining(join(made.path, "not", "there")),
    });
  });

  test("is downloaded while calls fail at once and say how far it is", async () => {
    await using hub = await startModelHub(made.path);
    using directory = tempDirectory();
    const { promise: halfWay, resolve: release } = Promise.withResolvers<void>();
    hub.instead = (file, _request, response) => {
      if (!file.endsWith(".onnx")) return false;
      hub.instead = undefined;
      response.writeHead(200, { "content-length": 100_000 });
      response.write("x".repeat(34_000), () => void halfWay.then(() => response.destroy()));
      return true;
    };
    const told: number[] = [];
    const onDownload = ({ percent }: { percent: number }) => void told.push(percent);
    let now = 0;
    const options = { directory: directory.path, offline: false, hub: hub.url, onDownload, now: () => now };
    const it = embedder(options);
    const said = () => it.embed(["ship"], "query").then(String, ({ message }) => message);
    await vi.waitUntil(async () => (await said()) === "the model is being downloaded, 34 %");
    release();
    await vi.waitUntil(async () => (await said()).startsWith("the download of the model broke off"));
    now = 5000; // the rest is over: the next call begins again
    expect(await said()).toBe("the model is being downloaded, 0 %");
    await vi.waitUntil(async () => !(await said()).includes("download"));
    expect(await it.embed(["ship"], "query")).toHaveLength(1);
    expect(told).toEqual([0, 0, 100]);
  });
});

describe("a thread", () => {
  const thread = new URL("./faulty-thread.js", import.meta.url);

  test.each(["die", "hang"])("that does %s is replaced after a rest", async (fault) => {
    let now = 0;
    const it = embedder({ thread, now: () => now, limits: { threadMs: 500 } });
    await it.embed(["fine"], "passage");
    const waiting = Promise.allSettled([it.embed([fault], "passage"), it.embed(["fine"], "passage")]);
    expect((await waiting).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    await expect(it.embed(["fine"], "passage")).rejects.toMatchObject({ code: "EMBEDDER_UNAVAILABLE" });
    now = 5000;
    expect(await it.embed(["fine"], "passage")).toEqual([Float32Array.of(1)]);
  });

  test("that fails on one text embeds the others, and says what to do if it fails on all", async () => {
    const it = embedder({ thread });
    await expect(it.embed(["fail"], "passage")).rejects.toMatchObject({
      code: "EMBEDDER_BAD_OUTPUT",
      fix: expect.stringMatching(/^Delete .* if it fails on every text$/),
    });
    const one = Float32Array.of(1);
    expect(await embedPassages(it, ["fine", "fail", "fine"], 1)).toEqual([one, null, one]);
  });

  test("skips passages that nobody waits for any more", async () => {
    const it = embedder({ thread });
    await it.embed(["fine"], "passage");
    const giveUp = new AbortController();
    const first = it.embed(["fine"], "passage");
    const dropped = it.embed(["die"], "passage", giveUp);
    giveUp.abort();
    await expect(dropped).rejects.toMatchObject({ code: "EMBEDDER_UNAVAILABLE" });
    await first;
    expect(await it.embed(["fine"], "passage")).toHaveLength(1);
  });
});
