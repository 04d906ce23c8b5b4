import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import { expect, test } from "vitest";
import { memoryIndex } from "../../../src/adapters/lexical/memory-index.ts";
import { openPostgresLedger } from "../../../src/adapters/sql/postgres-ledger.ts";
import { restorePostgres } from "../../../src/adapters/sql/postgres-restore.ts";
import { backUpSqlite } from "../../../src/adapters/sql/sqlite-backup.ts";
import { openSqliteLedger } from "../../../src/adapters/sql/sqlite-ledger.ts";
import { createKey } from "../../../src/lifecycle/admit.ts";
import { recordTrace } from "../../../src/lifecycle/record.ts";
import { retrieve } from "../../../src/lifecycle/retrieve.ts";
import { lexicalRules } from "../../../src/rules/lexical.ts";
import { put } from "../../lance.ts";
import { freshLedger, tempDirectory, testPorts } from "../../ports.ts";
import { refusal } from "../../refusal.ts";

/** A ledger in SQLite that has something in most of its tables. */
async function filledLedger(path: string): Promise<void> {
  await using ports = await testPorts({ settings: { holdout: 0.2, withhold: 0.5 } });
  const ledger = await openSqliteLedger(path);
  const filled = { ...ports, ledger, index: memoryIndex(ledger, lexicalRules) };
  for (let i = 0; i < 450; i++)
    await put(ledger, `behavior_${i}`, { instruction: `Feed quokka ${i}. 🦘 'Ä"`, keywords: ["a", "b"] });
  await put(ledger, "behavior_7", { status: "retired" });
  let improves: string | undefined;
  for (let i = 0; i < 30; i++) {
    const { use } = await retrieve(filled, { task: `Feed quokka ${i}`, conversation: `c\0${i}` });
    const attempt = {
      task: use.task,
      use_id: use.id,
      outcome: "success" as const,
      evidence: "test" as const,
    };
    const reasoning = `I used behavior_${i} and behavior_${i + 1}.`;
    const { trace } = await recordTrace(filled, { ...attempt, reasoning, ...(improves && { improves }) });
    improves = trace.id;
  }
  const key = { name: "ci", grants: { read: ["default"] } };
  await createKey(filled, key, { id: "abc", secret: "s".repeat(43) });
  await ledger.close();
}

const OF_INDEXES = ["index_generations", "leases"];

test("a backup of a ledger in SQLite goes into PostgreSQL row for row, and is written on there", async () => {
  using directory = tempDirectory();
  const [path, file] = [join(directory.path, "handbook.sqlite"), join(directory.path, "backup.gz")];
  await filledLedger(path);
  await backUpSqlite(path, file);
  const url = await freshLedger(directory.path);
  const home = join(directory.path, "home");
  await restorePostgres(file, url, home);
  expect(readdirSync(home)).toEqual([]);

  const [before, after] = [new DatabaseSync(path, { readOnly: true }), new Client({ connectionString: url })];
  await after.connect();
  const tables = before.prepare("select name from sqlite_schema where type = 'table'").all();
  const filled: string[] = [];
  for (const name of tables.map((table) => String(table.name))) {
    if (name.startsWith("kysely_") || OF_INDEXES.includes(name)) continue;
    const shown = (rows: object[]) =>
      rows
        .map((row) => JSON.stringify(row, (_, value) => (typeof value === "number" ? `${value}` : value)))
        .map((row) => row.replaceAll("\\u0000", ""))
        .sort();
    const wanted = shown(before.prepare(`select * from "${name}"`).all());
    expect(shown((await after.query(`select * from "${name}"`)).rows), name).toEqual(wanted);
    if (wanted.length > 0) filled.push(name);
  }
  expect(filled).toEqual(expect.arrayContaining(["traces", "citations", "draws", "api_keys", "secrets"]));
  before.close();
  await after.end();

  const ledger = await openPostgresLedger(url);
  expect(await ledger.check()).toEqual([]);
  const head = await ledger.headSeq();
  await put(ledger, "behavior_new", { instruction: "Whistle." });
  expect(await ledger.headSeq()).toBe(head + 1);
  const search = { text: "Whistle", handbooks: ["default"], limit: 1 };
  expect((await memoryIndex(ledger, lexicalRules).search(search)).hits[0]?.name).toBe("behavior_new");
  await ledger.close();
  expect(await refusal(restorePostgres(file, url, home))).toMatchObject({
    code: "BAD_FILE",
    message: expect.stringContaining("has a ledger already"),
  });
});

test("a restore that breaks off leaves nothing in PostgreSQL", async () => {
  using directory = tempDirectory();
  const [path, file] = [join(directory.path, "handbook.sqlite"), join(directory.path, "backup")];
  await filledLedger(path);
  await backUpSqlite(path, file);
  const damaged = new DatabaseSync(file);
  damaged.exec("update use_behaviors set served = 'x' where rowid = (select max(rowid) from use_behaviors)");
  damaged.close();
  const url = await freshLedger(directory.path);
  await expect(restorePostgres(file, url, directory.path)).rejects.toThrow(/bigint/);
  const ledger = await openPostgresLedger(url);
  expect(await ledger.behaviorCount()).toBe(0);
  expect((await ledger.handbooks()).map(({ slug }) => slug)).toEqual(["default"]);
  await ledger.close();
});
