import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { describe, expect, inject, test } from "vitest";
import { openPostgresLedger } from "../../../src/adapters/sql/postgres-ledger.ts";
import { type Server, serverAt } from "../../postgres.ts";
import { refusal } from "../../refusal.ts";

// What PostgreSQL's ledger has of its own. What every ledger promises is in ledger.test.ts.

const server = serverAt(new URL(inject("postgres") || "none:").port);

/** A schema of its own with a ledger in it. */
async function ledgerIn(schema: string, limits?: Parameters<typeof openPostgresLedger>[1]) {
  await server.run(`create schema ${schema}`);
  const url = server.url({ schema });
  return { url, ledger: await openPostgresLedger(url, limits) };
}

const handbook = (slug: string) => ({ slug, created_at: "2026-01-01" });

describe("a ledger that cannot be used says why and what to do:", () => {
  const open = (where: Parameters<Server["url"]>[0]) => refusal(openPostgresLedger(server.url(where)));

  test("a wrong password, which is not repeated", async () => {
    const { code, message, fix } = await open({ password: "hunter2" });
    expect({ code, message }).toMatchObject({
      code: "LEDGER_UNWRITABLE",
      message: expect.stringContaining("refuses the user or the password"),
    });
    expect(fix).toContain("HANDBOOK_DATABASE_URL");
  });

  test("a database that is not there", async () => {
    expect(await open({ database: "nowhere" })).toMatchObject({
      code: "LEDGER_UNWRITABLE",
      message: expect.stringContaining("there is no database"),
      fix: expect.stringContaining("createdb"),
    });
  });

  test.each(["127.0.0.1:1", "unknown.invalid:5432"])("a host where nothing answers: %s", async (host) => {
    expect(await refusal(openPostgresLedger(`postgres://me:hunter2@${host}/handbook`))).toMatchObject({
      code: "LEDGER_UNWRITABLE",
      message: `postgres://${host}/handbook cannot be reached`,
    });
  });

  test("a server without TLS where it is asked for", async () => {
    expect(await refusal(openPostgresLedger(`${server.url()}?sslmode=verify-full`))).toMatchObject({
      code: "LEDGER_UNWRITABLE",
      fix: expect.stringContaining("sslmode"),
    });
  });

  test("a certificate that is not there", async () => {
    const url = `${server.url()}?sslmode=verify-full&sslrootcert=/nowhere.pem`;
    expect(await refusal(openPostgresLedger(url))).toMatchObject({
      code: "LEDGER_UNWRITABLE",
      fix: expect.stringContaining("sslrootcert"),
    });
  });

  test("a user who may only read: reads go on, writes are refused", async () => {
    const { ledger } = await ledgerIn("reading");
    await server.run(`create schema bare; create user reader password 'r';
      grant usage on schema reading, bare to reader; grant select on all tables in schema reading to reader`);
    const reader = await openPostgresLedger(server.url({ user: "reader", password: "r", schema: "reading" }));
    expect(await reader.handbooks()).toHaveLength(1);
    expect(await refusal(reader.write((tx) => tx.addHandbook(handbook("no"))))).toMatchObject({
      code: "LEDGER_UNWRITABLE",
      message: expect.stringContaining("may not write"),
      fix: expect.stringContaining("grant"),
    });
    await reader.close();
    await ledger.close();
    expect(await open({ user: "reader", password: "r", schema: "bare" })).toMatchObject({
      code: "LEDGER_UNWRITABLE",
      message: expect.stringContaining("may not write"),
    });
  });

  test("a schema that is not there", async () => {
    expect(await open({ schema: "missing" })).toMatchObject({
      code: "LEDGER_UNWRITABLE",
      fix: expect.stringContaining("create schema"),
    });
  });

  test("a server that is read-only", async () => {
    const { url, ledger } = await ledgerIn("standby");
    await ledger.close();
    const reader = await openPostgresLedger(`${url}%20-c%20default_transaction_read_only%3Don`);
    expect(await refusal(reader.write((tx) => tx.addHandbook(handbook("no"))))).toMatchObject({
      code: "LEDGER_UNWRITABLE",
      message: expect.stringContaining("read-only"),
    });
    await reader.close();
  });

  test("a newer version's", async () => {
    const { url, ledger } = await ledgerIn("newer");
    await ledger.close();
    await server.run("insert into newer.kysely_migration values ('9999-from-the-future', '2030-01-01')");
    expect(await refusal(openPostgresLedger(url))).toMatchObject({ code: "LEDGER_TOO_NEW" });
  });

  test("a database that does not keep text as UTF-8", async () => {
    await server.run(
      "create database latin encoding 'LATIN1' locale 'C' template template0 locale_provider libc",
    );
    expect(await open({ database: "latin" })).toMatchObject({ fix: expect.stringContaining("UTF8") });
  });

  test.each([
    ["53100", "LEDGER_FULL", "Free some space"],
    ["XX001", "LEDGER_CORRUPT", "Restore a backup"],
    ["XX002", "LEDGER_CORRUPT", "REINDEX"],
    ["25006", "LEDGER_UNWRITABLE", "primary"],
    ["57014", "LEDGER_BUSY", "statement_timeout"],
  ])("a server that reports %s", async (state, code, fix) => {
    const schema = `state_${state.toLowerCase()}`;
    const { ledger } = await ledgerIn(schema);
    await server.run(`create function ${schema}.fail() returns trigger language plpgsql as
        $$ begin raise exception 'a stranger''s words' using errcode = '${state}'; end $$;
      create trigger fail before insert on ${schema}.handbooks execute function ${schema}.fail()`);
    const error = await refusal(ledger.write((tx) => tx.addHandbook(handbook("no"))));
    expect(error).toMatchObject({ code, fix: expect.stringContaining(fix) });
    expect(error.message).not.toContain("stranger");
    await ledger.close();
  });

  test("one that another session holds, and reads go on meanwhile", async () => {
    const { url, ledger } = await ledgerIn("held", { lockWaitMs: 300 });
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query("begin; lock table counters in share mode");
    const write = refusal(ledger.write((tx) => tx.addHandbook(handbook("waits"))));
    expect(await ledger.headSeq()).toBe(0);
    expect(await write).toMatchObject({
      code: "LEDGER_BUSY",
      fix: expect.stringContaining("pg_stat_activity"),
    });
    await client.end();
    await ledger.write((tx) => tx.addHandbook(handbook("lands")));
    await ledger.close();
  });
});

test("a server with too few connections for all that call at once makes them wait for each other", async () => {
  await server.run(`create schema few; create user few password 'f' connection limit 2;
    grant create, usage on schema few to few`);
  const url = server.url({ user: "few", password: "f", schema: "few" });
  const others = [1, 2].map(() => new Client({ connectionString: url }));
  for (const other of others) await other.connect();
  const opening = openPostgresLedger(url);
  await sleep(200);
  for (const other of others) await other.end();
  const ledger = await opening;
  const slugs = Array.from({ length: 12 }, (_, i) => `h${i}`);
  await Promise.all(slugs.map((slug) => ledger.write((tx) => tx.addHandbook(handbook(slug)))));
  expect(await Promise.all(slugs.map((slug) => ledger.handbook(slug)))).not.toContain(undefined);
  await ledger.close();
});

test("a name with a character that PostgreSQL does not keep is an input that is not valid", async () => {
  const { ledger } = await ledgerIn("nul");
  expect(await refusal(ledger.handbook("a\0b"))).toMatchObject({ code: "INVALID_INPUT" });
  await ledger.close();
});

test("work that adds a row which is there runs twice and fails, not for as long as a conflict would", async () => {
  const { ledger } = await ledgerIn("twice");
  let runs = 0;
  const write = ledger.write((tx) => {
    runs++;
    return tx.addHandbook(handbook("default"));
  });
  await expect(write).rejects.toMatchObject({ code: "23505" });
  expect(runs).toBe(2);
  await ledger.close();
});

test("a ledger shares a database with other tables, in the schema of its search path", async () => {
  await server.run(
    "create table public.kysely_migration (name text); create table public.traces (id integer)",
  );
  const [{ ledger: a }, { ledger: b }] = [await ledgerIn("one"), await ledgerIn("two")];
  await a.write((tx) => tx.addHandbook(handbook("mine")));
  expect(await b.handbook("mine")).toBeUndefined();
  expect(await a.check()).toEqual([]);
  await Promise.all([a.close(), b.close()]);
});

test("what hangs together no more is told", async () => {
  const { ledger } = await ledgerIn("broken");
  // Where the extension is, its checks run too.
  await server.run(`do $$ begin create extension amcheck; exception when others then null; end $$;
    insert into broken.behaviors values ('default', 'behavior_x', 3, 'active', null, 1);
    update pg_index set indisvalid = false where indexrelid = 'broken.traces_episode'::regclass`);
  expect(await ledger.check()).toEqual([
    "1 behaviors lack their current revision",
    "the index traces_episode is not valid: reindex it",
  ]);
  await ledger.close();
});
