import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bundle } from "../../scripts/bundle.ts";
import { openSqliteLedger } from "../../src/adapters/sql/sqlite-ledger.ts";
import { checkMeaning } from "../../src/cli/doctor-meaning.ts";
import { readConfig } from "../../src/config.ts";
import { type EmbeddingServer, startEmbeddingServer } from "../embedding-server.ts";
import { put } from "../lance.ts";
import { startModelHub } from "../model-hub.ts";
import { tempDirectory } from "../ports.ts";
import { startS3 } from "../s3-server.ts";

/** A data directory whose ledger holds a behavior, and the variables of an embedder by this endpoint. */
async function home(endpoint: EmbeddingServer) {
  const directory = tempDirectory();
  onTestFinished(() => directory[Symbol.dispose]());
  const ledger = await openSqliteLedger(join(directory.path, "handbook.sqlite"));
  await put(ledger, "behavior_read_the_task");
  await ledger.close();
  return {
    HANDBOOK_HOME: directory.path,
    HANDBOOK_EMBEDDER: "openai",
    HANDBOOK_EMBEDDER_MODEL: "m",
    HANDBOOK_EMBEDDER_URL: endpoint.baseUrl,
    HANDBOOK_EMBEDDER_WAIT_MS: "5000",
  };
}

test("an index that follows the ledger is well, and says how far it is", async () => {
  await using endpoint = await startEmbeddingServer();
  const environment = await home(endpoint);
  for (const _ of ["built", "read"]) {
    expect(await checkMeaning(readConfig(environment))).toEqual({
      status: "ok",
      message: expect.stringMatching(/ m, 3 dimensions, .* a question; its index is at change 1 of 1$/),
    });
  }
});

test("an index on object storage is looked at there, by its endpoint", async () => {
  await using endpoint = await startEmbeddingServer();
  await using s3 = await startS3();
  const environment = {
    ...(await home(endpoint)),
    ...s3.environment,
    HANDBOOK_INDEX_URI: "s3://bucket/index",
  };
  expect(await checkMeaning(readConfig(environment))).toMatchObject({
    status: "ok",
    message: expect.stringMatching(/its index is at change 1 of 1$/),
  });
  expect([...s3.objects.keys()].some((key) => key.startsWith("bucket/index/"))).toBe(true);
});

test("an index whose directory cannot be written, or that LanceDB cannot open, is told", async () => {
  await using endpoint = await startEmbeddingServer();
  const environment = await home(endpoint);
  const file = join(environment.HANDBOOK_HOME, "file");
  writeFileSync(file, "");
  expect(await checkMeaning(readConfig({ ...environment, HANDBOOK_INDEX_URI: file }))).toMatchObject({
    status: "failed",
    message: expect.stringContaining(`${file} cannot be`),
    fix: expect.stringContaining("HANDBOOK_INDEX_URI"),
  });
  const nowhere = { ...environment, HANDBOOK_INDEX_URI: "nowhere://at/all" };
  expect(await checkMeaning(readConfig(nowhere))).toMatchObject({
    status: "failed",
    message: expect.stringMatching(/its index is at change 0 of 1: INDEX_UNAVAILABLE/),
    fix: expect.stringContaining("handbook reindex"),
  });
});

test("an endpoint that takes queries and no passages is told, with how far the index came", async () => {
  await using endpoint = await startEmbeddingServer([], (texts) =>
    texts.some((text) => text.startsWith("search_document: "))
      ? 400
      : texts.map((_, index) => ({ index, embedding: [1, 2] })),
  );
  const environment = { ...(await home(endpoint)), HANDBOOK_EMBEDDER_MODEL: "nomic-embed-text" };
  expect(await checkMeaning(readConfig(environment))).toMatchObject({
    status: "failed",
    message: expect.stringMatching(/its index is at change 0 of 1: EMBEDDER_BAD_OUTPUT: .*HTTP 400/),
  });
});

test("without LanceDB it says what to install", async () => {
  await using endpoint = await startEmbeddingServer();
  const environment = await home(endpoint);
  const dist = join(environment.HANDBOOK_HOME, "dist");
  const sources = join(import.meta.dirname, "../../src");
  await bundle([join(sources, "cli/doctor-meaning.ts")], dist);
  const program = join(environment.HANDBOOK_HOME, "program.mjs");
  writeFileSync(
    program,
    `import { checkMeaning } from "./dist/doctor-meaning.js";
    await checkMeaning(${JSON.stringify(readConfig(environment))}).catch(({ message, fix }) => console.log(message, fix));`,
  );
  const said = execFileSync(process.execPath, [program], { encoding: "utf8" });
  expect(said).toContain("LanceDB is not installed Run: npm install");
  expect(endpoint.requests).toEqual([]);
});

test("a model that is not there yet is no fault, and is not downloaded by looking", async () => {
  using directory = tempDirectory();
  await using hub = await startModelHub(directory.path);
  const environment = {
    HANDBOOK_HOME: directory.path,
    HANDBOOK_EMBEDDER: "local",
    HF_ENDPOINT: hub.url,
  };
  expect(await checkMeaning(readConfig(environment))).toEqual({
    status: "ok",
    message: expect.stringContaining("bge-small-en-v1.5 (34 MB) is downloaded at the first use"),
  });
  expect(hub.requests).toEqual([]);
});
