import { expect, inject, test } from "vitest";
import { createApp } from "../../src/app.ts";
import type { Check } from "../../src/cli/doctor-finding.ts";
import { examineLedger } from "../../src/cli/doctor-ledger.ts";
import { type Config, readConfig } from "../../src/config.ts";
import { recordTrace } from "../../src/lifecycle/record.ts";
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

test("the doctor says what is wrong with a database, without its password", async () => {
  using directory = tempDirectory();
  const url = new URL(inject("postgres") ?? "");
  url.password = "hunter2";
  const [ledger] = await examine(configOf(directory.path, url.href));
  expect(ledger).toMatchObject({ status: "failed", message: expect.stringContaining("refuses the user") });
  for (const secret of ["hunter2", PASSWORD]) expect(JSON.stringify(ledger)).not.toContain(secret);
});
