import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openPostgresLedger } from "../../src/adapters/postgres-ledger.ts";
import { HandbookError } from "../../src/errors.ts";
import { PASSWORD, type Postgres, startPostgres } from "../postgres.ts";
import { startWriter } from "../writers.ts";

// A server of its own, because these tests stop it. What every ledger promises is in ledger.test.ts.

let server: Postgres;
beforeAll(async () => {
  const started = inject("postgres") === "" ? undefined : await startPostgres();
  if (started !== undefined) server = started;
});
afterAll(() => server?.[Symbol.asyncDispose]());

/** A schema of its own with a ledger in it. */
async function ledgerIn(schema: string, limits?: Parameters<typeof openPostgresLedger>[1]) {
  await server.run(`create schema ${schema}`);
  const url = server.url({ schema });
  return { url, ledger: await openPostgresLedger(url, limits) };
}

const handbook = (slug: string) => ({ slug, created_at: "2026-01-01" });

async function refusal(work: Promise<unknown>): Promise<HandbookError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof HandbookError)) throw new Error("not refused in our own words", { cause: error });
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), "hunter2"])
    expect(`${error.message} ${error.fix} ${error.stack}`).not.toContain(secret);
  return error;
}

describe("a server that goes away", () => {
  test.each(["fast", "crash"] as const)(
    "in the middle of a transaction (%s) leaves nothing half-written, and the write lands when it is back",
    async (how) => {
      const { url, ledger } = await ledgerIn(`middle_${how}`);
      let runs = 0;
      await ledger.write(async (tx) => {
        await tx.addHandbook(handbook("first"));
        if (runs++ === 0) await server.restart(how);
        await tx.addHandbook(handbook("second"));
      });
      expect(runs).toBeGreaterThan(1);
      const slugs = (await ledger.handbooks()).map(({ slug }) => slug);
      expect(slugs).toEqual(["default", "first", "second"]);
      await ledger.close();
      const again = await openPostgresLedger(url);
      expect(await again.check()).toEqual([]);
      await again.close();
    },
  );

  test("between two calls is not noticed by the next one", async () => {
    const { ledger } = await ledgerIn("between");
    await ledger.write((tx) => tx.addHandbook(handbook("kept")));
    await server.restart("fast");
    expect(await ledger.handbook("kept")).toBeDefined();
    await server.restart("crash");
    await ledger.write((tx) => tx.addHandbook(handbook("after")));
    expect(await ledger.handbook("after")).toBeDefined();
    await ledger.close();
  });

  test("for longer is an error that says so, and nothing is written", async () => {
    const { url, ledger } = await ledgerIn("longer", { patienceMs: 300 });
    await server.pause("fast");
    expect(await refusal(ledger.handbooks())).toMatchObject({
      code: "LEDGER_UNWRITABLE",
      message: `${shown(url)} cannot be reached`,
    });
    const write = refusal(ledger.write((tx) => tx.addHandbook(handbook("late"))));
    expect(await write).toMatchObject({ code: "LEDGER_UNWRITABLE" });
    await server.resume();
    expect(await ledger.handbook("late")).toBeUndefined();
    await ledger.close();
  });

  test("under writing processes loses nothing that was acknowledged", async () => {
    const { url, ledger } = await ledgerIn("acknowledged");
    const writers = Array.from({ length: 3 }, () => startWriter(url, 100_000, "ignore"));
    while (writers.some(({ acknowledged }) => acknowledged.length < 10)) await sleep(5);
    await server.restart("crash"); // a writer whose commit was not answered ends, the others go on
    await sleep(500);
    for (const { child } of writers) child.kill("SIGKILL");
    for (const { ended } of writers) await ended;
    const kept = new Set((await ledger.recentTraces(100_000)).map(({ id }) => id));
    const acknowledged = writers.flatMap((writer) => writer.acknowledged);
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    await ledger.close();
  });
});

test("a commit that is not answered may have landed: it says so, and does not run again", async () => {
  const { url } = await ledgerIn("unanswered");
  const proxy = createServer((client) => {
    const upstream = connect(Number(new URL(url).port), "127.0.0.1");
    for (const socket of [client, upstream]) socket.on("error", () => {});
    upstream.pipe(client);
    client.on("data", (chunk) => {
      if (chunk.includes("commit\0")) {
        upstream.unpipe(client);
        setTimeout(() => client.destroy(), 200);
      }
      upstream.write(chunk);
    });
    client.on("close", () => upstream.destroy());
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  if (address === null || typeof address === "string") throw new Error("unreachable");
  const there = new URL(url);
  there.port = String(address.port);
  const ledger = await openPostgresLedger(there.href);
  let runs = 0;
  const write = ledger.write(async (tx) => {
    runs++;
    await tx.addHandbook(handbook("landed"));
  });
  expect(await refusal(write)).toMatchObject({
    code: "LEDGER_UNWRITABLE",
    message: expect.stringContaining("may have been written or not"),
  });
  expect(runs).toBe(1);
  expect(await ledger.handbook("landed")).toBeDefined();
  await ledger.close();
  proxy.close();
});

function shown(url: string): string {
  const { host, pathname } = new URL(url);
  return `postgres://${host}${pathname}`;
}

describe("a ledger that cannot be used says why and what to do:", () => {
  const open = (where: Parameters<Postgres["url"]>[0]) => refusal(openPostgresLedger(server.url(where)));

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

test("a commit waits for the disk where the server has that off", async () => {
  const { url, ledger } = await ledgerIn("careless");
  await ledger.close();
  const careful = await openPostgresLedger(`${url}%20-c%20synchronous_commit%3Doff`);
  await careful.write((tx) => tx.addHandbook(handbook("kept")));
  await server.restart("crash");
  expect(await careful.handbook("kept")).toBeDefined();
  await careful.close();
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
  await server.run(`insert into broken.behaviors values ('default', 'behavior_x', 3, 'active', null, 1);
    update pg_index set indisvalid = false where indexrelid = 'broken.traces_episode'::regclass`);
  expect(await ledger.check()).toEqual([
    "1 behaviors lack their current revision",
    "the index traces_episode is not valid: reindex it",
  ]);
  await ledger.close();
});
