import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { memoryIndex } from "../../../src/adapters/lexical/memory-index.ts";
import { backUpSqlite, restoreSqlite } from "../../../src/adapters/sql/sqlite-backup.ts";
import { openSqliteLedger } from "../../../src/adapters/sql/sqlite-ledger.ts";
import { lexicalRules } from "../../../src/rules/lexical.ts";
import { hashEmbedder } from "../../hash-embedder.ts";
import { put, storedIds, upToDate, vectorsAt, wantedIds } from "../../lance.ts";
import { tempDirectory, testPorts } from "../../ports.ts";
import { smallDisk } from "../../small-disk.ts";
import { startWriter } from "../../writers.ts";

/** What a restore leaves out: where indexes stand. */
const OF_INDEXES = new Set(["index_generations", "leases"]);

/** Every row of every table, by table. */
function rows(path: string): Record<string, unknown[]> {
  const db = new DatabaseSync(path, { readOnly: true });
  const tables = db.prepare("select name from sqlite_schema where type = 'table' order by name").all();
  const names = tables.map(({ name }) => String(name)).filter((name) => !OF_INDEXES.has(name));
  const all = names.map((name) => [name, db.prepare(`select * from "${name}"`).all()]);
  db.close();
  return Object.fromEntries(all);
}

function ids(path: string): Set<unknown> {
  return new Set(rows(path).traces?.map((row) => (row as { id: string }).id));
}

test("a backup made while three processes write holds all that was acknowledged before it, and restores row for row", async () => {
  using directory = tempDirectory();
  const ledger = join(directory.path, "handbook.sqlite");
  await (await openSqliteLedger(ledger)).close();
  const writers = [1, 2, 3].map(() => startWriter(ledger, 100_000));
  const acknowledged = () => writers.flatMap((writer) => writer.acknowledged);
  for (const file of ["first.backup", "second.backup.gz"].map((name) => join(directory.path, name))) {
    const before = acknowledged().length;
    while (acknowledged().length < before + 60) await new Promise((resolve) => setTimeout(resolve, 5));
    const wanted = acknowledged();
    await backUpSqlite(ledger, file);
    const restored = join(directory.path, `${file}-home`, "handbook.sqlite");
    await restoreSqlite(file, restored);
    const kept = ids(restored);
    expect(wanted.filter((id) => !kept.has(id))).toEqual([]);
    if (!file.endsWith(".gz")) expect(rows(restored)).toEqual(rows(file));
    expect(statSync(file).mode & 0o077).toBe(0);
  }
  for (const { child } of writers) child.kill("SIGKILL");
  for (const { ended } of writers) await ended;
  const last = join(directory.path, "last.gz");
  await backUpSqlite(ledger, last);
  expect(gunzipSync(readFileSync(last)).subarray(0, 15).toString()).toBe("SQLite format 3");
  await restoreSqlite(last, join(directory.path, "copy", "handbook.sqlite"));
  expect(rows(join(directory.path, "copy", "handbook.sqlite"))).toEqual(rows(ledger));
  expect(readdirSync(directory.path).filter((name) => name.includes(".part"))).toEqual([]);
});

test("the indexes of a restored ledger are right, also where those of a newer one lie", async () => {
  await using ports = await testPorts();
  const ledgerPath = join(ports.path, "handbook.sqlite");
  const file = join(ports.path, "backup");
  await put(ports.ledger, "behavior_quokka", { instruction: "Feed the quokka." });
  const vectors = vectorsAt(ports, hashEmbedder());
  await upToDate(ports.ledger, vectors);
  await backUpSqlite(ledgerPath, file);
  await put(ports.ledger, "behavior_quokka", { instruction: "Sing to the wombat." });
  await put(ports.ledger, "behavior_later", {});
  await upToDate(ports.ledger, vectors);
  await vectors.close();

  const path = join(ports.path, "again");
  await restoreSqlite(file, join(path, "handbook.sqlite"));
  const ledger = await openSqliteLedger(join(path, "handbook.sqlite"));
  const index = vectorsAt({ ledger, path: ports.path }, hashEmbedder()); // where the newer ledger's tables are
  await put(ledger, "behavior_other", { instruction: "Whistle." });
  await upToDate(ledger, index);
  const search = { text: "Feed the quokka.", handbooks: ["default"], limit: 5, also: [] };
  const found = await index.search(search);
  expect(found?.[0]?.name).toBe("behavior_quokka");
  expect(found?.map(({ name }) => name)).not.toContain("behavior_later");
  expect((await memoryIndex(ledger, lexicalRules).search(search)).hits[0]?.name).toBe("behavior_quokka");
  await index.close();
  expect(await storedIds({ ledger, path: ports.path }, "vectors")).toEqual(await wantedIds(ledger));
  await ledger.close();
});

describe("refused, with nothing changed:", () => {
  const refusal = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });

  test("to overwrite, unless asked to, and never the ledger itself", async () => {
    await using ports = await testPorts();
    const [ledger, file] = [join(ports.path, "handbook.sqlite"), join(ports.path, "file")];
    writeFileSync(file, "mine");
    await expect(backUpSqlite(ledger, file)).rejects.toMatchObject(refusal("BAD_FILE", /there already/));
    expect(readFileSync(file, "utf8")).toBe("mine");
    await backUpSqlite(ledger, file, { overwrite: true });
    expect(readFileSync(file, "latin1")).toMatch(/^SQLite format 3/);
    for (const name of [ledger, `${ledger}-wal`])
      await expect(backUpSqlite(ledger, name, { overwrite: true })).rejects.toThrow(/the ledger itself/);
    await expect(backUpSqlite(join(ports.path, "none"), join(ports.path, "x"))).rejects.toThrow(/no ledger/);
    await expect(backUpSqlite(ledger, join(ports.path, "no", "x"))).rejects.toThrow(/cannot write/);
  });

  test("to restore from a ledger whose newest rows are beside it", async () => {
    await using ports = await testPorts();
    const [ledger, into] = [join(ports.path, "handbook.sqlite"), join(ports.path, "home", "handbook.sqlite")];
    await (await ports.another()).close();
    await ports.ledger.close();
    const inUse = await openSqliteLedger(ledger);
    await put(inUse, "behavior_newest");
    await expect(restoreSqlite(ledger, into)).rejects.toMatchObject({
      ...refusal("BAD_FILE", /is in use/),
      fix: expect.stringContaining("handbook backup"),
    });
    await inUse.close();
    await restoreSqlite(ledger, into);
    expect(rows(into)).toEqual(rows(ledger));
  });

  test("to restore onto a disk that is too small", async (context) => {
    using disk = smallDisk(1);
    if (disk === undefined) return context.skip("no disk can be mounted here");
    await using ports = await testPorts();
    for (let i = 0; i < 300; i++) await put(ports.ledger, `behavior_${i}`, { detail: `${i} `.repeat(2000) });
    const file = join(ports.path, "file.gz");
    await backUpSqlite(join(ports.path, "handbook.sqlite"), file);
    await expect(restoreSqlite(file, join(disk.path, "handbook.sqlite"))).rejects.toMatchObject(
      refusal("BAD_FILE", /the disk is full/),
    );
    expect(readdirSync(disk.path)).toEqual([]);
  });

  test("to restore into a directory that cannot be made", async () => {
    await using ports = await testPorts();
    const [ledger, file] = [join(ports.path, "handbook.sqlite"), join(ports.path, "file")];
    await backUpSqlite(ledger, file);
    await expect(restoreSqlite(file, join(file, "home", "handbook.sqlite"))).rejects.toMatchObject(
      refusal("BAD_FILE", /cannot write/),
    );
  });

  test("to restore over a ledger, or what is none, or torn, or damaged, or newer", async () => {
    await using ports = await testPorts();
    for (let i = 0; i < 100; i++) await put(ports.ledger, `behavior_${i}`, { instruction: "x".repeat(500) });
    const [ledger, file] = [join(ports.path, "handbook.sqlite"), join(ports.path, "file")];
    const home = join(ports.path, "home");
    const into = join(home, "handbook.sqlite");
    await backUpSqlite(ledger, file);
    await backUpSqlite(ledger, `${file}.gz`);
    const restored = (name: string, content: Buffer | string) => {
      writeFileSync(join(ports.path, name), content);
      return restoreSqlite(join(ports.path, name), into);
    };
    const whole = readFileSync(file);
    await expect(restoreSqlite(file, ledger)).rejects.toMatchObject(
      refusal("BAD_FILE", /has a ledger already/),
    );
    await expect(restoreSqlite(join(ports.path, "no"), into)).rejects.toMatchObject(
      refusal("BAD_FILE", /cannot read/),
    );
    await expect(restored("text", "no ledger")).rejects.toMatchObject(refusal("BAD_FILE", /no whole backup/));
    await expect(restored("empty", "")).rejects.toMatchObject(refusal("BAD_FILE", /no whole backup/));
    const torn = readFileSync(`${file}.gz`).subarray(0, 3000);
    await expect(restored("torn.gz", torn)).rejects.toMatchObject(refusal("BAD_FILE", /no whole backup/));
    await expect(restored("cut", whole.subarray(0, whole.length - 8192))).rejects.toThrow(
      /damaged|no whole backup/,
    );
    const other = new DatabaseSync(join(ports.path, "other"));
    other.exec("create table notes (text)");
    other.close();
    await expect(restoreSqlite(join(ports.path, "other"), into)).rejects.toThrow(/no whole backup/);
    const spoilt = Buffer.from(whole).fill(0x5a, whole.length - 40_000, whole.length - 20_000);
    await expect(restored("spoilt", spoilt)).rejects.toMatchObject({ code: "LEDGER_CORRUPT" });
    const newer = new DatabaseSync(file);
    newer.exec("insert into kysely_migration values ('9999-from-the-future', '2030-01-01')");
    newer.close();
    await expect(restoreSqlite(file, into)).rejects.toMatchObject(
      refusal("LEDGER_TOO_NEW", /9999-from-the-future/),
    );
    expect(readdirSync(home)).toEqual([]);
  });
});
