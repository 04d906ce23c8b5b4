import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { backUpSqlite, restoreSqlite } from "../../../src/adapters/sql/sqlite-backup.ts";
import { openSqliteLedger } from "../../../src/adapters/sql/sqlite-ledger.ts";
import { recordTrace } from "../../../src/lifecycle/record.ts";
import { tempDirectory, testPorts } from "../../ports.ts";

test("a process that waits for another's transaction goes on answering reads", async () => {
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

test("a ledger that was moved away, or replaced by a restore, takes no more writes from whoever had it open", async () => {
  using directory = tempDirectory();
  const path = join(directory.path, "handbook.sqlite");
  const ledger = await openSqliteLedger(path);
  const add = (slug: string) => ledger.write((tx) => tx.addHandbook({ slug, created_at: "2026-01-01" }));
  await add("before");
  await backUpSqlite(path, join(directory.path, "backup"));
  for (const end of ["", "-wal", "-shm"])
    renameSync(`${path}${end}`, join(directory.path, `away.sqlite${end}`));
  const refused = { code: "LEDGER_UNWRITABLE", fix: expect.stringContaining("start it again") };
  await expect(add("moved")).rejects.toMatchObject(refused);
  await restoreSqlite(join(directory.path, "backup"), path);
  await expect(add("replaced")).rejects.toMatchObject(refused);
  expect(await ledger.handbook("before")).toBeDefined();
  await ledger.close();
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
