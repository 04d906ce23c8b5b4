import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { HandbookError } from "../../errors.ts";
import type { Ledger, LedgerReads, LedgerWrites } from "../../ports.ts";
import { checkPostgres } from "./postgres-check.ts";
import { postgresDatabase } from "./postgres-database.ts";
import { databaseName, isBroken, isConflict, isSoonThere, unknownFate } from "./postgres-errors.ts";
import { migrate } from "./sql-migrations.ts";
import { sqlReads } from "./sql-reads.ts";
import type { Database } from "./sql-schema.ts";
import { sqlWrites } from "./sql-writes.ts";

const IDLE_MS = 30_000; // of a transaction: nobody waits longer for a machine that was switched off in one
const PAUSE_MS = 20;

interface Limits {
  /** How long a write waits for what another session holds. */
  lockWaitMs: number;
  /** How long a write is tried again after conflicts, and any call while the server is away or has no connection left. */
  patienceMs: number;
}

/**
 * Opens the ledger in a PostgreSQL database, migrating it as needed. Many machines may have it open.
 *
 * A returned write is on the server's disk: its transaction sets `synchronous_commit` where the server has it off.
 *
 * Throws: LEDGER_UNWRITABLE, LEDGER_CORRUPT, LEDGER_TOO_NEW, LEDGER_FULL, LEDGER_BUSY.
 */
export async function openPostgresLedger(url: string, limits: Partial<Limits> = {}): Promise<Ledger> {
  const { lockWaitMs = 5000, patienceMs = 10_000 } = limits;
  const name = databaseName(url);
  const db = postgresDatabase(url, name);
  try {
    const server = await patiently(patienceMs, () => askServer(db, name), isSoonThere);
    await migrate(db, server.schema);
    const settings = [
      `set local lock_timeout = ${lockWaitMs}`,
      `set local idle_in_transaction_session_timeout = ${IDLE_MS}`,
      ...(server.synchronous_commit === "off" ? ["set local synchronous_commit = on"] : []),
    ].join("; ");
    return {
      ...patientReads(sqlReads(db), patienceMs),
      write: (work) => write({ db, name, settings, patienceMs }, work),
      check: () => checkPostgres(db),
      close: () => db.destroy(),
    };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/**
 * Runs `work` in a serializable transaction: first beside others, and when they were in its way, alone. The table lock
 * is taken before anything is read, so that what `work` reads is what it then changes; readers do not wait for it.
 */
async function write<T>(
  { db, name, settings, patienceMs }: { db: Database; name: string; settings: string; patienceMs: number },
  work: (tx: LedgerReads & LedgerWrites) => Promise<T>,
): Promise<T> {
  return patiently(patienceMs, async (attempt) => {
    const alone = attempt > 1;
    let isSent = false;
    try {
      return await db
        .transaction()
        .setIsolationLevel("serializable")
        .execute(async (tx) => {
          const mode = alone ? "share row exclusive" : "row exclusive";
          await sql.raw(`${settings}; lock table counters in ${mode} mode`).execute(tx);
          const result = await work({ ...sqlReads(tx), ...sqlWrites(tx) });
          isSent = true;
          return result;
        });
    } catch (error) {
      throw isBroken(error) && isSent ? unknownFate(error, name) : error;
    }
  });
}

/** Reads change nothing, so they may be done again; of the many pages of `episodes` one fails with its connection. */
function patientReads({ episodes, ...reads }: LedgerReads, patienceMs: number): LedgerReads {
  const patient = Object.entries<(...given: never[]) => Promise<unknown>>(reads).map(([name, read]) => [
    name,
    (...given: never[]) => patiently(patienceMs, () => read(...given)),
  ]);
  return { ...Object.fromEntries(patient), episodes };
}

/** Does `work` again while its connection breaks and while others are in its way. */
async function patiently<T>(
  patienceMs: number,
  work: (attempt: number) => Promise<T>,
  mayLand = (error: unknown, attempt: number) => isBroken(error) || isConflict(error, attempt > 1),
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (!mayLand(error, attempt) || performance.now() > deadline) throw error;
      await sleep(PAUSE_MS * attempt * Math.random()); // not in step with the other ones that wait
    }
  }
}

interface Server {
  encoding: string;
  synchronous_commit: string;
  fsync: string;
  schema: string | null;
}

/** What of the server's settings matters to us. */
async function askServer(
  db: Database,
  name: string,
): Promise<{ synchronous_commit: string; schema: string }> {
  const { rows } = await sql<Server>`
    select current_setting('server_encoding') as encoding, current_schema() as schema,
    current_setting('synchronous_commit') as synchronous_commit, current_setting('fsync') as fsync`.execute(
    db,
  );
  const [
    { encoding, schema, synchronous_commit, fsync } = {
      encoding: "",
      schema: null,
      synchronous_commit: "",
      fsync: "",
    },
  ] = rows;
  if (encoding !== "UTF8")
    throw new HandbookError("LEDGER_UNWRITABLE", `${name} does not keep text as UTF-8`, {
      fix: "Create the database anew: createdb --encoding=UTF8 --template=template0",
    });
  if (schema === null)
    throw new HandbookError("LEDGER_UNWRITABLE", `no schema of ${name} is in the search path of its user`, {
      fix: "Create the schema that its search_path names, by `create schema`",
    });
  if (fsync === "off")
    console.error(`warning: ${name} runs with fsync=off: a power cut can damage the ledger`);
  return { synchronous_commit, schema };
}
