import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { HandbookError } from "../../errors.ts";
import { postgresDatabase } from "./postgres-database.ts";
import { databaseName } from "./postgres-errors.ts";
import { openPostgresLedger } from "./postgres-ledger.ts";
import type { Database } from "./sql-schema.ts";
import { restoreSqlite } from "./sqlite-backup.ts";

const ROWS = 200; // a statement
const OF_ANY_LEDGER = ["handbooks", "counters", "secrets"]; // the first migrations put rows there
const OF_INDEXES = ["index_generations", "leases"];

/**
 * Puts a backup of a ledger in SQLite into a ledger in PostgreSQL that nothing was written to, whole or not at all.
 * It is unpacked in the data directory `home` meanwhile.
 *
 * Throws: BAD_FILE, and what `restoreSqlite` and `openPostgresLedger` throw.
 */
export async function restorePostgres(file: string, url: string, home: string): Promise<void> {
  const directory = join(home, `restore-${randomUUID()}`);
  try {
    const path = join(directory, "handbook.sqlite");
    await restoreSqlite(file, path);
    await (await openPostgresLedger(url)).close(); // its tables are made
    const from = new DatabaseSync(path, { readOnly: true });
    const into = postgresDatabase(url, databaseName(url));
    try {
      await into.transaction().execute((tx) => copy(from, tx, databaseName(url)));
    } finally {
      await into.destroy();
      from.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function copy(from: DatabaseSync, tx: Database, name: string): Promise<void> {
  await sql`select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`.execute(
    tx,
  );
  await sql`lock table counters in share row exclusive mode`.execute(tx); // no other process writes meanwhile
  // In the order they were made in, so that rows come after those that they refer to.
  const tables = from
    .prepare("select name from sqlite_schema where type = 'table' order by rowid")
    .all()
    .map((table) => String(table.name))
    .filter((table) => !/^(sqlite|kysely)_/.test(table) && !OF_INDEXES.includes(table));
  for (const table of tables.filter((one) => !OF_ANY_LEDGER.includes(one))) {
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(tx);
    if (rows.length > 0)
      throw new HandbookError("BAD_FILE", `${name} has a ledger already`, {
        fix: "Set HANDBOOK_DATABASE_URL to an empty database, or to a schema of its own in one",
      });
  }
  for (const table of OF_ANY_LEDGER) await sql`delete from ${sql.table(table)}`.execute(tx);
  for (const table of tables) {
    let rows: unknown[][] = [];
    const select = from.prepare(`select * from "${table}" order by rowid`);
    const columns = sql.join(select.columns().map((column) => sql.ref(column.name)));
    const insert = async () => {
      const values = sql.join(rows.map((row) => sql`(${sql.join(row)})`));
      await sql`insert into ${sql.table(table)} (${columns}) values ${values}`.execute(tx);
      rows = [];
    };
    for (const row of select.iterate()) {
      rows.push(Object.values(row).map(kept));
      if (rows.length === ROWS) await insert();
    }
    if (rows.length > 0) await insert();
  }
}

/** PostgreSQL keeps every text but the character U+0000. */
function kept(value: unknown): unknown {
  return typeof value === "string" ? value.replaceAll("\0", "") : value;
}
