import { join } from "node:path";
import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";

const HOME = join(import.meta.dirname, "home");
const read = (environment: Record<string, string> = {}) =>
  readConfig({ HANDBOOK_HOME: HOME, ...environment });

test("by default the embedder is local where it happens to be, and downloads nothing", () => {
  expect(read()).toMatchObject({
    embedder: { kind: "local", auto: true, offline: true, model: "Xenova/bge-small-en-v1.5" },
    embedderWaitMs: 40,
    indexUri: join(HOME, "index"),
  });
  expect(read().embedder).toMatchObject({ directory: join(HOME, "models") });
});

test("who asks for the local embedder gets its model downloaded, unless offline", () => {
  expect(read({ HANDBOOK_EMBEDDER: "local" }).embedder).toMatchObject({ auto: false, offline: false });
  const offline = { HANDBOOK_EMBEDDER: "local", HANDBOOK_OFFLINE: "on" };
  expect(read(offline).embedder).toMatchObject({ offline: true });
});

test("a key in the environment sends nothing anywhere", () => {
  const environment = { OPENAI_API_KEY: "k", OPENAI_BASE_URL: "https://other.example/v1" };
  expect(JSON.stringify(read(environment))).not.toMatch(/"k"|other\.example/);
});

test("openai falls back to the common variables, and its own go first", () => {
  const environment = {
    HANDBOOK_EMBEDDER: "openai",
    HANDBOOK_EMBEDDER_MODEL: "m",
    OPENAI_API_KEY: "common",
    OPENAI_BASE_URL: "http://common/v1",
  };
  expect(read(environment).embedder).toMatchObject({ apiKey: "common", baseUrl: "http://common/v1" });
  const own = { HANDBOOK_EMBEDDER_KEY: "own", HANDBOOK_EMBEDDER_URL: "http://own/v1" };
  expect(read({ ...environment, ...own }).embedder).toMatchObject({
    apiKey: "own",
    baseUrl: "http://own/v1",
  });
});

test("none is none", () => {
  expect(read({ HANDBOOK_EMBEDDER: "none" })).not.toHaveProperty("embedder");
});

test("an index elsewhere keeps its address, a directory becomes absolute", () => {
  expect(read({ HANDBOOK_INDEX_URI: "s3://bucket/path" }).indexUri).toBe("s3://bucket/path");
  expect(read({ HANDBOOK_INDEX_URI: "near" }).indexUri).toBe(join(process.cwd(), "near"));
});

test.each([
  [{ HANDBOOK_EMBEDDER: "remote" }, "HANDBOOK_EMBEDDER is not valid"],
  [{ HANDBOOK_RATE_LIMIT: "many" }, "HANDBOOK_RATE_LIMIT is not valid: it must be a number"],
  [{ HANDBOOK_INDEX_URI: "s3:bucket/path" }, "HANDBOOK_INDEX_URI is not valid: after the scheme"],
  [{ HANDBOOK_EMBEDDER: "openai" }, "HANDBOOK_EMBEDDER_MODEL is not set"],
  [{ HANDBOOK_EMBEDDER: "openai", HANDBOOK_EMBEDDER_MODEL: "m" }, "neither a URL nor a key"],
  [
    { HANDBOOK_EMBEDDER: "openai", HANDBOOK_EMBEDDER_MODEL: "m", HANDBOOK_EMBEDDER_URL: "localhost:1" },
    "HANDBOOK_EMBEDDER_URL is not valid",
  ],
  [
    { HANDBOOK_EMBEDDER: "openai", HANDBOOK_EMBEDDER_POOLING: "cls" },
    "HANDBOOK_EMBEDDER_POOLING is set, but HANDBOOK_EMBEDDER is openai",
  ],
  [{ HANDBOOK_EMBEDDER_URL: "http://x" }, "HANDBOOK_EMBEDDER_URL is set, but HANDBOOK_EMBEDDER is auto"],
  [{ HANDBOOK_EMBEDDER: "local", HANDBOOK_EMBEDDER_KEY: "k" }, "HANDBOOK_EMBEDDER_KEY is set"],
  [{ HANDBOOK_EMBEDDER_MODEL: "../../etc" }, "not the name of a model"],
  [{ HF_ENDPOINT: "mirror" }, "HF_ENDPOINT is not valid"],
  [{ HANDBOOK_EMBEDDER_WAIT_MS: "soon" }, "HANDBOOK_EMBEDDER_WAIT_MS is not valid"],
])("%j is refused", (environment, message) => {
  expect(() => read(environment)).toThrow(message);
  expect(() => read(environment)).toThrow(expect.objectContaining({ code: "BAD_CONFIG" }));
});

test("what LanceDB is told of s3:// comes from the variables that others read, and http:// is allowed where it is asked for", () => {
  const key = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "s", AWS_REGION: "" };
  expect(read(key).indexStorage).toBeUndefined();
  const uri = { ...key, HANDBOOK_INDEX_URI: "s3://bucket/path" };
  const options = { aws_access_key_id: "a", aws_secret_access_key: "s" };
  expect(read(uri).indexStorage).toEqual({ options });
  expect(read({ ...uri, AWS_ENDPOINT: "http://minio:9000/" }).indexStorage).toEqual({
    options: { ...options, aws_endpoint: "http://minio:9000", allow_http: "true", aws_region: "us-east-1" },
  });
  expect(() => read({ ...uri, AWS_ENDPOINT_URL: "minio:9000" })).toThrow(/AWS_ENDPOINT_URL/);
  expect(read({ HANDBOOK_INDEX_URI: "db://x", LANCEDB_API_KEY: "k" }).indexStorage).toEqual({
    options: {},
    apiKey: "k",
  });
});

test("the database's URL is checked without repeating its password", () => {
  const databaseUrl = "postgres://me:p%40ss@db.example:5432/handbook?sslmode=verify-full";
  expect(read({ HANDBOOK_DATABASE_URL: databaseUrl })).toMatchObject({ databaseUrl });
  expect(read({ HANDBOOK_DATABASE_URL: "" })).not.toHaveProperty("databaseUrl");
  for (const wrong of [
    "mysql://me:hunter2@db/handbook",
    "db.example/handbook?password=hunter2",
    "postgres://me:hunter2#1@db/x",
    "postgres://me:hunter2%zz@db/x",
  ]) {
    const reading = () => read({ HANDBOOK_DATABASE_URL: wrong });
    expect(reading).toThrow("HANDBOOK_DATABASE_URL is not valid: it must read postgres://");
    expect(reading).not.toThrow("hunter2");
  }
});
