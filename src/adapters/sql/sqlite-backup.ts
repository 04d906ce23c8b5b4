import { randomUUID } from "node:crypto";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { HandbookError } from "../../errors.ts";
import { makeDirectory } from "../make-directory.ts";
import { openSqliteLedger } from "./sqlite-ledger.ts";

const OWNER_ONLY = 0o600;
const LOCK_WAIT_MS = 5000;
const GZIP = 0x8b1f;
const BESIDE = ["", "-wal", "-shm", "-journal"];

/**
 * Copies a ledger that may be written meanwhile, as it stands at one moment, into a file of its own; compressed where
 * its name ends in `.gz`. The file is there whole or not at all.
 *
 * Throws: BAD_FILE, LEDGER_CORRUPT.
 */
export async function backUpSqlite(
  ledger: string,
  file: string,
  { overwrite = false } = {},
): Promise<{ bytes: number }> {
  if (!existsSync(ledger))
    throw new HandbookError("BAD_FILE", `there is no ledger at ${ledger}`, {
      fix: "Set HANDBOOK_HOME to its directory",
    });
  if (BESIDE.some((end) => resolve(file) === resolve(`${ledger}${end}`)))
    throw new HandbookError("BAD_FILE", `${file} is the ledger itself`, { fix: "Name another file" });
  if (existsSync(file) && !overwrite)
    throw new HandbookError("BAD_FILE", `${file} is there already`, {
      fix: "Name another file, or add --force",
    });
  return withTemporary(file, async (copy) => {
    closeSync(openSync(copy, "wx", OWNER_ONLY)); // it holds everything that agents told
    const from = new DatabaseSync(ledger, { readOnly: true, timeout: LOCK_WAIT_MS });
    try {
      // A reader's view stays as it is: without one, each write of another process would begin the copy anew.
      from.exec("begin; select count(*) from sqlite_schema");
      await backup(from, copy);
    } finally {
      from.close();
    }
    const faults = inOneFile(copy, () => []);
    if (faults.length > 0) throw damaged("the ledger", faults);
    let whole = copy;
    if (file.endsWith(".gz")) {
      whole = `${copy}-gz`;
      await pipeline(
        createReadStream(copy),
        createGzip(),
        createWriteStream(whole, { mode: OWNER_ONLY, flags: "wx" }),
      );
    }
    sync(whole);
    renameSync(whole, file);
    return { bytes: statSync(file).size };
  });
}

/**
 * Puts a backup in the place of a ledger that is not there, brought up to this program's schema. Indexes on disk are
 * forgotten: they may be ahead of it, and are built anew.
 *
 * Throws: BAD_FILE, LEDGER_CORRUPT, LEDGER_TOO_NEW.
 */
export async function restoreSqlite(file: string, ledger: string): Promise<void> {
  const refuseOther = () => {
    if (BESIDE.some((end) => existsSync(`${ledger}${end}`)))
      throw new HandbookError("BAD_FILE", `${dirname(ledger)} has a ledger already`, {
        fix: "Set HANDBOOK_HOME to another directory, or end its servers and move handbook.sqlite away with its -wal and -shm",
      });
  };
  refuseOther();
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0)
    throw new HandbookError("BAD_FILE", `${file} is in use: its newest rows are in ${file}-wal`, {
      fix: "Copy it by `handbook backup`, and restore the copy",
    });
  const isCompressed = firstBytes(file).readUInt16LE() === GZIP;
  await withTemporary(ledger, async (copy) => {
    makeDirectory(dirname(ledger));
    const into = createWriteStream(copy, { mode: OWNER_ONLY, flags: "wx" });
    const read = createReadStream(file);
    await (isCompressed ? pipeline(read, createGunzip(), into) : pipeline(read, into)).catch((cause) => {
      throw String(cause?.code).startsWith("Z_") ? notOurs(file, cause) : cause;
    });
    if (!isLedger(copy)) throw notOurs(file);
    const opened = await openSqliteLedger(copy);
    const faults = await opened.check().finally(() => opened.close());
    if (faults.length > 0) throw damaged(file, faults);
    inOneFile(copy, (db) => db.exec("delete from index_generations; delete from leases"));
    sync(copy);
    refuseOther();
    renameSync(copy, ledger);
  });
}

/** Leaves nothing beside the file, with a journal of the kind that needs none, and says what is wrong with it. */
function inOneFile(path: string, change: (db: DatabaseSync) => unknown): string[] {
  const db = new DatabaseSync(path);
  try {
    change(db);
    db.exec("pragma journal_mode = delete");
    const rows = db.prepare("pragma integrity_check").all();
    return rows.map((row) => String(row.integrity_check)).filter((line) => line !== "ok");
  } finally {
    db.close();
  }
}

function isLedger(path: string): boolean {
  if (!firstBytes(path).toString("latin1").startsWith("SQLite format 3")) return false;
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const named = db
      .prepare("select name from sqlite_schema where name in ('kysely_migration', 'traces')")
      .all();
    return named.length === 2;
  } catch (cause) {
    throw notOurs(path, cause);
  } finally {
    db.close();
  }
}

function firstBytes(path: string): Buffer {
  const bytes = Buffer.alloc(16);
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    readSync(file, bytes, 0, bytes.length, 0);
  } catch (cause) {
    throw new HandbookError("BAD_FILE", `cannot read ${path}`, {
      fix: "Name a backup that can be read",
      cause,
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return bytes;
}

/** Works on a file beside `path` that is gone afterwards, whatever happens. */
async function withTemporary<T>(path: string, work: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    return await work(temporary);
  } catch (error) {
    if (error instanceof HandbookError || !(error instanceof Error) || !("code" in error)) throw error;
    const isFull = error.code === "ENOSPC" || ("errcode" in error && error.errcode === 13);
    throw new HandbookError("BAD_FILE", `cannot write ${path}${isFull ? ": the disk is full" : ""}`, {
      fix: isFull ? "Free some space, or name a file on another disk" : "Name a file that can be written",
      cause: error,
    });
  } finally {
    const made = [...BESIDE, "-gz"].map((end) => `${temporary}${end}`).filter((one) => existsSync(one));
    for (const one of made) rmSync(one);
  }
}

function sync(path: string): void {
  const file = openSync(path, "r+");
  fsyncSync(file);
  closeSync(file);
}

function notOurs(path: string, cause?: unknown): HandbookError {
  return new HandbookError("BAD_FILE", `${path} is no whole backup of a ledger`, {
    fix: "Name a file that `handbook backup` wrote; what pg_dump wrote is for pg_restore",
    cause,
  });
}

function damaged(what: string, faults: readonly string[]): HandbookError {
  return new HandbookError("LEDGER_CORRUPT", `${what} is damaged: ${faults[0]}`, {
    fix: "Take an earlier backup, or run `handbook doctor` on the directory that it came from",
  });
}
