import { sql } from "kysely";
import type { Database } from "./sql-schema.ts";

/**
 * What is wrong with a ledger in PostgreSQL, a sentence each. The server guards its rows and their keys by itself; what
 * a disk or an interrupted operation did to it shows in its catalog, in broken checksums, and by `amcheck` where that
 * extension is there.
 */
export async function checkPostgres(db: Database): Promise<string[]> {
  const { rows: faults } = await sql<{ fault: string }>`
    select 'the index ' || c.relname || ' is not valid: reindex it' as fault
      from pg_index i join pg_class c on c.oid = i.indexrelid
      where c.relnamespace = current_schema()::regnamespace and not (i.indisvalid and i.indisready)
    union all
    select 'the constraint ' || conname || ' was not validated' from pg_constraint
      where connamespace = current_schema()::regnamespace and not convalidated
    union all
    select checksum_failures || ' pages had a wrong checksum' from pg_stat_database
      where datname = current_database() and checksum_failures > 0
    union all
    select count(*) || ' behaviors lack their current revision' from behaviors b
      where not exists (select 1 from behavior_revisions r
        where r.handbook = b.handbook and r.name = b.name and r.revision = b.revision)
      having count(*) > 0
    order by 1`.execute(db);
  return [...faults.map(({ fault }) => fault), ...(await checkIndexes(db))];
}

async function checkIndexes(db: Database): Promise<string[]> {
  // Where it is installed, and where this user may call it.
  const { rows: functions } = await sql<{ name: string }>`
    select p.oid::regproc::text as name from pg_proc p join pg_extension e on e.extname = 'amcheck'
      join pg_depend d on d.objid = p.oid and d.refobjid = e.oid
      where p.proname = 'bt_index_check' and p.pronargs = 2 and has_function_privilege(p.oid, 'execute')`.execute(
    db,
  );
  const [check] = functions;
  if (check === undefined) return [];
  const { rows: indexes } = await sql<{ oid: number; name: string }>`
    select c.oid, c.relname as name from pg_class c join pg_am a on a.oid = c.relam
        join pg_index i on i.indexrelid = c.oid
      where a.amname = 'btree' and i.indisvalid and i.indisready and c.relnamespace = current_schema()::regnamespace
      order by c.relname`.execute(db);
  const faults: string[] = [];
  for (const { oid, name } of indexes) {
    try {
      await sql`select ${sql.raw(check.name)}(${oid}::oid::regclass, true)`.execute(db);
    } catch (error) {
      faults.push(`the index ${name} is damaged (${error instanceof Error ? error.message : error})`);
    }
  }
  return faults;
}
