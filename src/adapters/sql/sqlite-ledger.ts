import { statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type DatabaseConnection,
  Kysely,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteDialectConfig,
  SqliteDriver,
  sql,
} from "kysely";
import { HandbookError } from "../../errors.ts";
import type { Ledger } from "../../ports.ts";
import { makeDirectory } from "../make-directory.ts";
import { migrate } from "./sql-migrations.ts";
import { sqlReads } from "./sql-reads.ts";
import type { Tables } from "./sql-schema.ts";
import { sqlWrites } from "./sql-writes.ts";
import { groupCommit } from "./sqlite-group-commit.ts";

/** A lock wait inside SQLite stops the event loop, so it is short and the rest is waited for outside. */
const SYNC_WAIT_MS = 20;
const LOCK_WAIT_MS = 5000;
const WAL_ATTEMPTS = 200;
const STATEMENTS = 200;

/**
 * Opens the ledger in an SQLite file, creating and migrating it as needed. Many processes may have it open.
 *
 * `maxPages` bounds the file, in pages of 4 KB. A returned write is on disk: WAL with `synchronous=FULL` syncs at every commit.
 *
 * Throws: LEDGER_UNWRITABLE, LEDGER_CORRUPT, LEDGER_TOO_NEW, LEDGER_FULL, LEDGER_BUSY.
 */
export async function openSqliteLedger(path: string, limits: { maxPages?: number } = {}): Promise<Ledger> {
  const file = withClearErrors(path, () => {
    makeDirectory(dirname(path));
    return openFile(path, limits.maxPages);
  });
  const db = new Kysely<Tables>({
    dialect: new LedgerDialect({ database: kyselyDatabase(path, file) }),
  });
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  const write = groupCommit(db);
  return {
    ...sqlReads(db),
    write: (work) => write((tx) => work({ ...sqlReads(tx), ...sqlWrites(tx) })),
    async check() {
      const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db);
      const faults = rows.map((row) => row.integrity_check).filter((line) => line !== "ok");
      const dangling = await sql`pragma foreign_key_check`.execute(db);
      if (dangling.rows.length > 0)
        faults.push(`${dangling.rows.length} rows refer to a row that is missing`);
      return faults;
    },
    close: () => db.destroy(),
  };
}

function openFile(path: string, maxPages: number | undefined): DatabaseSync {
  const file = new DatabaseSync(path, { timeout: SYNC_WAIT_MS });
  try {
    setWal(file);
    file.exec("pragma synchronous = full; pragma foreign_keys = on");
    if (maxPages !== undefined) file.exec(`pragma max_page_count = ${maxPages}`);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Switching a fresh file to WAL ignores the busy timeout, so two first starts can collide: try again. */
function setWal(file: DatabaseSync): void {
  for (let attempt = 1; ; attempt++) {
    try {
      file.exec("pragma journal_mode = wal");
      return;
    } catch (error) {
      if (primaryCode(error) !== SQLITE.BUSY || attempt === WAL_ATTEMPTS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
    }
  }
}

/** Kysely's view of a `node:sqlite` database, with its statements kept prepared. */
function kyselyDatabase(path: string, file: DatabaseSync): SqliteDatabase {
  const { dev, ino } = statSync(path);
  const mustBeInPlace = () => {
    const now = statSync(path, { throwIfNoEntry: false });
    if (now?.dev === dev && now.ino === ino) return;
    throw new HandbookError(
      "LEDGER_UNWRITABLE",
      `the ledger ${path} was moved or replaced; nothing was written`,
      {
        fix: "End this process and start it again: it still has the former one open",
      },
    );
  };
  const statements = new Map<string, { statement: StatementSync; reader: boolean }>();
  const prepared = (text: string) => {
    let known = statements.get(text);
    if (known === undefined) {
      if (statements.size >= STATEMENTS) statements.clear();
      const statement = file.prepare(text);
      known = { statement, reader: statement.columns().length > 0 };
      statements.set(text, known);
    }
    return known;
  };
  return {
    close: () => file.close(),
    prepare(text) {
      // A deferred transaction that turns into a writer fails at once when another writer came in between.
      const query = text === "begin" ? "begin immediate" : text;
      if (text === "begin") mustBeInPlace(); // SQLite would go on writing where nobody looks any more
      // SQLite ends a transaction itself when the disk is full; the first error is the one to report.
      if (query === "rollback" && !file.isTransaction) return NO_STATEMENT;
      const clear = <T>(run: () => T) => withClearErrors(path, run);
      const { statement, reader } = clear(() => prepared(query));
      const values = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[];
      return {
        reader,
        all: (parameters) => clear(() => statement.all(...values(parameters))),
        run: (parameters) => clear(() => statement.run(...values(parameters))),
        iterate: (parameters) => statement.iterate(...values(parameters)),
      };
    },
  };
}

const NO_STATEMENT = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [][Symbol.iterator](),
};

/** Lets the migrator run in one transaction, so that several processes may start on a fresh file at once. */
class LedgerDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig;
  constructor(config: SqliteDialectConfig) {
    super(config);
    this.#config = config;
  }
  override createAdapter() {
    return new TransactionalDdlAdapter();
  }
  override createDriver() {
    return new PatientDriver(this.#config);
  }
}

/** Waits for another process's transaction without stopping this process: reads, pings and signals go on. */
class PatientDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const deadline = performance.now() + LOCK_WAIT_MS;
    for (;;) {
      try {
        return await super.beginTransaction(connection);
      } catch (error) {
        const isBusy = error instanceof HandbookError && error.code === "LEDGER_BUSY";
        if (!isBusy || performance.now() > deadline) throw error;
        await sleep(2 + Math.random() * 20); // not in step with the other ones that wait
      }
    }
  }
}

class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl() {
    return true;
  }
}

/** Primary result codes. Source: sqlite.org/rescode.html */
const SQLITE = {
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
};

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number")
    return undefined;
  return error.errcode & 255;
}

/** Runs `work` and says in our own words what the database or the file system objected to. */
function withClearErrors<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const system = error instanceof Error && "code" in error ? error.code : undefined;
    switch (primaryCode(error)) {
      case SQLITE.BUSY:
      case SQLITE.LOCKED:
        throw new HandbookError(
          "LEDGER_BUSY",
          `another process held the ledger for ${LOCK_WAIT_MS / 1000} s`,
          {
            fix: "Try again; if it stays so, look for a stuck process with this file open",
            cause: error,
          },
        );
      case SQLITE.FULL:
        throw new HandbookError(
          "LEDGER_FULL",
          "the disk that holds the ledger is full; nothing was written",
          {
            fix: "Free some space and try again",
            cause: error,
          },
        );
      case SQLITE.CORRUPT:
      case SQLITE.NOTADB:
        throw new HandbookError("LEDGER_CORRUPT", `the ledger ${path} is damaged or is no ledger`, {
          fix: "Move it away together with its -wal and -shm files and restore a copy; run `handbook doctor` for details",
          cause: error,
        });
      case SQLITE.PERM:
      case SQLITE.READONLY:
      case SQLITE.IOERR:
      case SQLITE.CANTOPEN:
        throw unwritable(path, error);
    }
    if (system === "ENOSPC") {
      throw new HandbookError("LEDGER_FULL", "the disk that holds the data directory is full", {
        fix: "Free some space and try again",
        cause: error,
      });
    }
    if (
      typeof system === "string" &&
      ["EACCES", "EPERM", "EROFS", "ENOTDIR", "EEXIST", "ENOENT"].includes(system)
    ) {
      throw unwritable(path, error);
    }
    throw error;
  }
}

function unwritable(path: string, cause: unknown): HandbookError {
  return new HandbookError("LEDGER_UNWRITABLE", `cannot write the ledger ${path}`, {
    fix: "Make its directory writable, or set HANDBOOK_HOME to a directory that is",
    cause,
  });
}
