import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { openPostgresLedger } from "../../../src/adapters/sql/postgres-ledger.ts";
import { type OwnServer, startPostgres } from "../../postgres.ts";
import { refusal } from "../../refusal.ts";
import { startWriter } from "../../writers.ts";

let server: OwnServer;
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

  test("is a pause for those who read", async () => {
    const { ledger } = await ledgerIn("reading");
    await server.pause("fast");
    const heads = Promise.all(Array.from({ length: 20 }, () => ledger.headSeq()));
    await sleep(300);
    await server.resume();
    expect(await heads).toEqual(Array(20).fill(0));
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

test("a commit waits for the disk where the server has that off", async () => {
  const { url, ledger } = await ledgerIn("careless");
  await ledger.close();
  const careful = await openPostgresLedger(`${url}%20-c%20synchronous_commit%3Doff`);
  await careful.write((tx) => tx.addHandbook(handbook("kept")));
  await server.restart("crash");
  expect(await careful.handbook("kept")).toBeDefined();
  await careful.close();
});

function shown(url: string): string {
  const { host, pathname } = new URL(url);
  return `postgres://${host}${pathname}`;
}
