import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { openSqliteLedger } from "../../src/adapters/sqlite-ledger.ts";
import { recordTrace } from "../../src/lifecycle/record.ts";
import { tempDirectory, testPorts } from "../ports.ts";

const WRITER = join(import.meta.dirname, "../ledger-writer.ts");

function startWriter(path: string, traces: number) {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", WRITER, path, String(traces)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const acknowledged: string[] = [];
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    acknowledged.push(...lines);
  });
  return { child, acknowledged, ended: once(child, "close") };
}

async function stored(path: string): Promise<Set<string>> {
  const ledger = await openSqliteLedger(path);
  expect(await ledger.check()).toEqual([]);
  await ledger.close();
  const db = new DatabaseSync(path, { readOnly: true });
  const ids = db.prepare("select id from traces").all();
  db.close();
  return new Set(ids.map(({ id }) => String(id)));
}

describe("several processes", () => {
  test("that start at once on a fresh directory all migrate it and keep every trace", async () => {
    using directory = tempDirectory();
    const path = join(directory.path, "new", "handbook.sqlite");
    const writers = Array.from({ length: 6 }, () => startWriter(path, 20));
    for (const { ended } of writers) expect((await ended)[0]).toBe(0);
    const kept = await stored(path);
    expect(kept.size).toBe(6 * 20);
    for (const { acknowledged } of writers) for (const id of acknowledged) expect(kept.has(id)).toBe(true);
  });

  test("that are killed in the midst of writing lose nothing they acknowledged", async () => {
    using directory = tempDirectory();
    const path = join(directory.path, "handbook.sqlite");
    for (let round = 0; round < 4; round++) {
      const writer = startWriter(path, 100_000);
      while (writer.acknowledged.length < 5 + 7 * round)
        await new Promise((resolve) => setTimeout(resolve, 3));
      writer.child.kill("SIGKILL");
      await writer.ended;
      const kept = await stored(path);
      for (const id of writer.acknowledged) expect(kept.has(id)).toBe(true);
    }
  });

  test("that wait for another's transaction go on answering reads", async () => {
    await using ports = await testPorts();
    const path = join(ports.path, "handbook.sqlite");
    const holder = new DatabaseSync(path);
    holder.exec("begin immediate");
    let ticks = 0;
    const clock = setInterval(() => ticks++, 10);
    setTimeout(() => holder.exec("rollback"), 400);
    await recordTrace(ports, { task: "t", reasoning: "r", output_tokens: 1 });
    clearInterval(clock);
    holder.close();
    expect(ticks).toBeGreaterThan(5);
  });

  test("see each other's commits at the next search", async () => {
    await using ports = await testPorts();
    const other = await openSqliteLedger(join(ports.path, "handbook.sqlite"));
    const search = () => ports.index.search({ text: "quokka", handbooks: ["default"], limit: 5 });
    expect((await search()).hits).toEqual([]);
    await other.write((tx) =>
      tx.addRevision({
        handbook: "default",
        name: "behavior_feed_the_quokka",
        revision: 1,
        status: "active",
        instruction: "Feed it.",
        when: "",
        keywords: [],
        provenance: { author: "import", trace_ids: [] },
        reason: "",
        created_at: new Date().toISOString(),
      }),
    );
    await other.close();
    expect((await search()).hits).toMatchObject([{ name: "behavior_feed_the_quokka" }]);
  });
});

test("a transaction that fails leaves nothing behind", async () => {
  await using ports = await testPorts();
  const work = ports.ledger.write(async (tx) => {
    await tx.addHandbook({ slug: "half", created_at: new Date().toISOString() });
    throw new Error("changed my mind");
  });
  await expect(work).rejects.toThrow("changed my mind");
  expect(await ports.ledger.handbook("half")).toBeUndefined();
});

test("two transactions of one process do not mix", async () => {
  await using ports = await testPorts();
  const record = (i: number) => recordTrace(ports, { task: `t${i}`, reasoning: "r" });
  const results = await Promise.all(Array.from({ length: 25 }, (_, i) => record(i)));
  expect(new Set(results.map(({ trace }) => trace.id)).size).toBe(25);
  expect(await ports.ledger.recentTraces(100)).toHaveLength(25);
});

describe("a ledger that cannot be used says why and what to do:", () => {
  test("a file that is no database", async () => {
    using directory = tempDirectory();
    const path = join(directory.path, "handbook.sqlite");
    writeFileSync(path, "this is not a database, whatever its name says".repeat(100));
    await expect(openSqliteLedger(path)).rejects.toMatchObject({
      code: "LEDGER_CORRUPT",
      fix: expect.stringContaining("restore"),
    });
  });

  test("a damaged file", async () => {
    using directory = tempDirectory();
    const path = join(directory.path, "handbook.sqlite");
    await (await openSqliteLedger(path)).close();
    writeFileSync(path, readFileSync(path).fill(0x5a, 4096)); // all pages but the first
    const opened = openSqliteLedger(path).then((ledger) => ledger.behaviors("default"));
    await expect(opened).rejects.toMatchObject({ code: "LEDGER_CORRUPT" });
  });

  test("one that a newer version wrote", async () => {
    using directory = tempDirectory();
    const path = join(directory.path, "handbook.sqlite");
    await (await openSqliteLedger(path)).close();
    const file = new DatabaseSync(path);
    file.exec("insert into kysely_migration values ('9999-from-the-future', '2030-01-01')");
    file.close();
    await expect(openSqliteLedger(path)).rejects.toMatchObject({
      code: "LEDGER_TOO_NEW",
      message: expect.stringContaining("9999-from-the-future"),
    });
  });

  test("a directory that cannot be made", async () => {
    using directory = tempDirectory();
    const file = join(directory.path, "file");
    writeFileSync(file, "");
    await expect(openSqliteLedger(join(file, "handbook.sqlite"))).rejects.toMatchObject({
      code: "LEDGER_UNWRITABLE",
    });
  });

  test("a directory in the place of the file", async () => {
    using directory = tempDirectory();
    const path = join(directory.path, "handbook.sqlite");
    mkdirSync(path);
    await expect(openSqliteLedger(path)).rejects.toMatchObject({ code: "LEDGER_UNWRITABLE" });
  });

  test("a full disk, and what was there stays readable", async () => {
    await using ports = await testPorts();
    await recordTrace(ports, { task: "before", reasoning: "r" });
    const path = join(ports.path, "handbook.sqlite");
    const limited = await openSqliteLedger(path, { maxPages: 60 });
    const big = { ...ports, ledger: limited };
    const fill = async () => {
      for (let i = 0; i < 50; i++)
        await recordTrace(big, { task: `t${i}`, reasoning: "word ".repeat(20_000) });
    };
    await expect(fill()).rejects.toMatchObject({ code: "LEDGER_FULL" });
    expect((await limited.recentTraces(1)).length).toBe(1);
    await limited.close();
    await recordTrace(ports, { task: "after", reasoning: "r" });
  });
});
