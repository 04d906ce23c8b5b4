import { existsSync, globSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { writeRandomModel } from "../../scripts/random-model.ts";
import { downloadModel, hasModel } from "../../src/adapters/model-files.ts";
import { digest } from "../../src/rules/identity.ts";
import { startModelHub } from "../model-hub.ts";
import { tempDirectory } from "../ports.ts";

const MODEL = "some/model";
const WEIGHTS = "onnx/model_quantized.onnx";
const made = tempDirectory();
beforeAll(() => {
  writeRandomModel(join(made.path, MODEL));
  return () => made[Symbol.dispose]();
});

async function hubAndDirectory() {
  const hub = await startModelHub(made.path);
  const directory = tempDirectory();
  const progress: { received: number; total: number | undefined }[] = [];
  const closing = new AbortController();
  return {
    hub,
    directory: directory.path,
    progress,
    closing,
    path: (file: string) => join(directory.path, MODEL, file),
    download: () =>
      downloadModel({
        hub: hub.url,
        model: MODEL,
        directory: directory.path,
        onProgress: (each) => progress.push(each),
        stallMs: 200,
        signal: closing.signal,
      }),
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

const weights = () => readFileSync(join(made.path, MODEL, WEIGHTS));

/** Takes the next request for the weights: sends their first 1,000 bytes and, when these are on disk, does `then`. */
function partOfWeights(it: Awaited<ReturnType<typeof hubAndDirectory>>, tag: string | undefined, then: Then) {
  it.hub.instead = (file, _request, response) => {
    if (file !== WEIGHTS) return false;
    it.hub.instead = undefined;
    response.writeHead(200, { ...(tag && { etag: tag }), "content-length": weights().length });
    response.write(weights().subarray(0, 1000));
    const part = it.path(`${WEIGHTS}.part`);
    void vi.waitUntil(() => existsSync(part) && statSync(part).size === 1000).then(() => then(response));
    return true;
  };
}

type Then = (response: ServerResponse) => void;
const breakOff: Then = (response) => void response.destroy();
const tagOfWeights = () => `"${digest(weights().toString("latin1"))}"`;

test("a model is loaded whole, and told of as it comes", async () => {
  await using it = await hubAndDirectory();
  expect(hasModel(it.directory, MODEL)).toBe(false);
  await it.download();
  expect(hasModel(it.directory, MODEL)).toBe(true);
  expect(readFileSync(it.path(WEIGHTS)).equals(weights())).toBe(true);
  expect(it.progress.at(-1)).toEqual({ received: weights().length, total: weights().length });
  expect(globSync("**/*.part*", { cwd: it.directory })).toEqual([]);
  expect(existsSync(it.path(".download"))).toBe(false);
});

describe("a download that ended early", () => {
  test.each([
    ["stalls", () => {}, "stalled"],
    ["breaks off", breakOff, "broke off"],
  ])("because it %s looks like none, and goes on where it ended", async (_, then, message) => {
    await using it = await hubAndDirectory();
    partOfWeights(it, tagOfWeights(), then);
    await expect(it.download()).rejects.toMatchObject({
      code: "EMBEDDER_UNAVAILABLE",
      message: expect.stringContaining(message),
    });
    expect(hasModel(it.directory, MODEL)).toBe(false);
    await it.download();
    expect(it.hub.requests.at(-1)).toEqual({ file: WEIGHTS, range: "bytes=1000-" });
    expect(readFileSync(it.path(WEIGHTS)).equals(weights())).toBe(true);
  });

  test("begins anew when the file has changed since", async () => {
    await using it = await hubAndDirectory();
    partOfWeights(it, '"of another file"', breakOff);
    await expect(it.download()).rejects.toThrow("broke off");
    await it.download();
    expect(it.hub.requests.at(-1)?.range).toBe("bytes=1000-");
    expect(readFileSync(it.path(WEIGHTS)).equals(weights())).toBe(true);
  });

  test("begins anew when the hub can tell no part from another", async () => {
    await using it = await hubAndDirectory();
    partOfWeights(it, undefined, breakOff);
    await expect(it.download()).rejects.toThrow("broke off");
    await it.download();
    expect(it.hub.requests.at(-1)).toEqual({ file: WEIGHTS, range: undefined });
    expect(readFileSync(it.path(WEIGHTS)).equals(weights())).toBe(true);
  });

  test("refuses another part than it asked for", async () => {
    await using it = await hubAndDirectory();
    partOfWeights(it, tagOfWeights(), breakOff);
    await expect(it.download()).rejects.toThrow("broke off");
    it.hub.instead = (file, _request, response) => {
      if (file !== WEIGHTS) return false;
      it.hub.instead = undefined;
      response.writeHead(206, { "content-range": "bytes 0-9/10", "content-length": 10 }).end("0123456789");
      return true;
    };
    await expect(it.download()).rejects.toThrow("broke off");
    await it.download();
    expect(readFileSync(it.path(WEIGHTS)).equals(weights())).toBe(true);
  });
});

test("a hub that says nothing is a stall", async () => {
  await using it = await hubAndDirectory();
  it.hub.instead = () => true;
  await expect(it.download()).rejects.toThrow("stalled: no byte for 0.2 s");
});

test.each([
  [404, "has no public model some/model"],
  [503, "failed (HTTP 503)"],
])("HTTP %i says what it means", async (status, message) => {
  await using it = await hubAndDirectory();
  it.hub.instead = (file, _request, response) => {
    if (file === WEIGHTS) response.writeHead(status).end();
    return file === WEIGHTS;
  };
  await expect(it.download()).rejects.toThrow(message);
  expect(hasModel(it.directory, MODEL)).toBe(false);
});

test("one process at a time downloads; the lock of a dead one does not hold", async () => {
  await using it = await hubAndDirectory();
  await it.download();
  writeFileSync(it.path(".download"), "");
  await expect(it.download()).rejects.toThrow("another process is downloading");
  const long = new Date(Date.now() - 100_000);
  utimesSync(it.path(".download"), long, long);
  await it.download();
});

test("closing ends a download", async () => {
  await using it = await hubAndDirectory();
  it.hub.instead = () => {
    it.closing.abort();
    return true;
  };
  await expect(it.download()).rejects.toMatchObject({ code: "EMBEDDER_UNAVAILABLE" });
  expect(existsSync(it.path(".download"))).toBe(false);
});

test("a directory that cannot be written says so", async () => {
  await using it = await hubAndDirectory();
  writeFileSync(join(it.directory, "some"), "a file where the folder should be");
  await expect(it.download()).rejects.toThrow("models cannot be stored in");
});
