import { existsSync } from "node:fs";
import { expect, inject, test } from "vitest";
import { createApp } from "../../src/app.ts";
import type { Check } from "../../src/cli/doctor-finding.ts";
import { examineLedger } from "../../src/cli/doctor-ledger.ts";
import { checkMeaning } from "../../src/cli/doctor-meaning.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { recordTrace } from "../../src/lifecycle/record.ts";
import { startEmbeddingServer } from "../embedding-server.ts";
import { put } from "../lance.ts";
import { freshLedger, tempDirectory } from "../ports.ts";
import { PASSWORD } from "../postgres.ts";

async function examine(config: Config): Promise<Check[]> {
  const found: Check[] = [];
  for await (const check of examineLedger(config)) found.push(check);
  return found;
}

const configOf = (home: string, url: string) =>
  readConfig({ HANDBOOK_HOME: home, HANDBOOK_DATABASE_URL: url, HANDBOOK_STARTERS: "off" });

test("the program writes to the database that is set, and the doctor says which without its password", async () => {
  using directory = tempDirectory();
  const url = await freshLedger(directory.path);
  const config = configOf(directory.path, url);
  const app = createApp(config);
  await recordTrace(await app.ports(), { task: "t", reasoning: "r" });
  await app.close();

  const found = await examine(config);
  const { host } = new URL(url);
  expect(found[0]).toEqual({
    check: "ledger",
    status: "ok",
    message: `sound, 0 behaviors and 1 traces in postgres://${host}/postgres`,
  });
  expect(found.map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
});

test("the index by meaning is held against the database, and no other ledger is made", async () => {
  using directory = tempDirectory();
  const url = await freshLedger(directory.path);
  const app = createApp(configOf(directory.path, url));
  await put((await app.ports()).ledger, "behavior_read_the_task");
  await app.close();

  await using endpoint = await startEmbeddingServer();
  const config = readConfig({
    HANDBOOK_HOME: directory.path,
    HANDBOOK_DATABASE_URL: url,
    HANDBOOK_EMBEDDER: "openai",
    HANDBOOK_EMBEDDER_MODEL: "m",
    HANDBOOK_EMBEDDER_URL: endpoint.baseUrl,
    HANDBOOK_EMBEDDER_WAIT_MS: "5000",
  });
  expect(await checkMeaning(config)).toMatchObject({
    status: "ok",
    message: expect.stringMatching(/its index is at change 1 of 1$/),
  });
  expect(existsSync(config.ledgerPath)).toBe(false);
});

test("a database that takes no writes is told, although nothing is missing in it", async () => {
  using directory = tempDirectory();
  const url = await freshLedger(directory.path);
  const app = createApp(configOf(directory.path, url));
  await app.ports();
  await app.close();
  const [ledger] = await examine(
    configOf(directory.path, `${url}%20-c%20default_transaction_read_only%3Don`),
  );
  expect(ledger).toMatchObject({ status: "failed", message: expect.stringContaining("is read-only") });
});

test("the doctor says what is wrong with a database, without its password", async () => {
  using directory = tempDirectory();
  const url = new URL(inject("postgres") ?? "");
  url.password = "hunter2";
  const [ledger] = await examine(configOf(directory.path, url.href));
  expect(ledger).toMatchObject({ status: "failed", message: expect.stringContaining("refuses the user") });
  for (const secret of ["hunter2", PASSWORD]) expect(JSON.stringify(ledger)).not.toContain(secret);

  url.password = "";
  const [without] = await examine(configOf(directory.path, url.href));
  expect(without).toMatchObject({ status: "failed", message: expect.stringContaining("wants a password") });
});
