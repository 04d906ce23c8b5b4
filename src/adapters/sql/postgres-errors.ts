import { HandbookError } from "../../errors.ts";

/** Conditions that we name. Source: postgresql.org/docs/current/errcodes-appendix.html */
const SQLSTATE = {
  uniqueViolation: "23505",
  notText: "22021",
  readOnlyTransaction: "25006",
  invalidAuthorization: "28000",
  invalidPassword: "28P01",
  unknownDatabase: "3D000",
  noSchema: "3F000",
  serializationFailure: "40001",
  deadlock: "40P01",
  insufficientPrivilege: "42501",
  diskFull: "53100",
  tooManyConnections: "53300",
  lockNotAvailable: "55P03",
  canceled: "57014",
  startingUp: "57P03",
  dataCorrupted: "XX001",
  indexCorrupted: "XX002",
};

/** What a URL leads to, for people: without user and password. */
export function databaseName(url: string): string {
  const { hostname, port, pathname, searchParams } = new URL(url);
  const host = searchParams.get("host") ?? (hostname || "localhost");
  return `postgres://${host}:${port || (searchParams.get("port") ?? 5432)}${pathname}`;
}

/** The five characters by which the server names an error; undefined for what the server did not say. */
function sqlState(error: unknown): string | undefined {
  if (error instanceof HandbookError) return sqlState(error.cause);
  if (!(error instanceof Error) || !("severity" in error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/**
 * Whether another transaction was in the way, so that the same work may well land when it runs again. `alone`: whether
 * none could be. Two that add the same row are in each other's way, and the second then sees the first one's; a row that
 * is there already when nobody else writes is a fault of the work.
 */
export function isConflict(error: unknown, alone: boolean): boolean {
  const state = sqlState(error);
  if (state === SQLSTATE.uniqueViolation) return !alone;
  return state === SQLSTATE.serializationFailure || state === SQLSTATE.deadlock;
}

/** Marks a connection that ended or was not to be had, so that it is told from a server that objects to what was asked. */
class BrokenConnection extends HandbookError {}

/** Whether there is no connection or it ended, and with it what was not committed. */
export function isBroken(error: unknown): boolean {
  return error instanceof BrokenConnection;
}

/** Whether the server answered that it is starting, or that others have all of its connections. */
export function isSoonThere(error: unknown): boolean {
  const state = sqlState(error);
  return state === SQLSTATE.startingUp || state === SQLSTATE.tooManyConnections;
}

/** Why there is no connection, in our own words. */
export function connectFault(error: unknown, name: string): HandbookError {
  const state = sqlState(error);
  if (state === SQLSTATE.invalidPassword || state === SQLSTATE.invalidAuthorization)
    return unwritable(`${name} refuses the user or the password`, {
      fix: "Correct HANDBOOK_DATABASE_URL (percent-encode special characters), PGPASSWORD or the server's pg_hba.conf",
      cause: error,
    });
  if (state === SQLSTATE.unknownDatabase)
    return unwritable(`there is no database ${name}`, {
      fix: "Create it (createdb --encoding=UTF8), or correct HANDBOOK_DATABASE_URL",
      cause: error,
    });
  if (state === SQLSTATE.insufficientPrivilege) return forbidden(name, error);
  if (state === SQLSTATE.tooManyConnections)
    return new BrokenConnection("LEDGER_BUSY", `${name} has no connection left`, {
      fix: "Raise the server's max_connections, or run fewer processes",
      cause: error,
    });
  const said = error instanceof Error ? error.message : "";
  if (said.includes("client password must be a string"))
    return unwritable(`${name} wants a password, and none is set`, {
      fix: "Set PGPASSWORD, or write it into HANDBOOK_DATABASE_URL or ~/.pgpass",
      cause: error,
    });
  if (said.startsWith("timeout exceeded when trying to connect"))
    return busy("every connection to the ledger was in use for seconds", { fix: "Try again", cause: error });
  if (error instanceof Error && "syscall" in error && error.syscall === "open")
    return unwritable(`a certificate for ${name} cannot be read`, {
      fix: "Correct the path of sslrootcert, sslcert or sslkey in HANDBOOK_DATABASE_URL",
      cause: error,
    });
  if (/SSL|certificate/i.test(said) || (error instanceof Error && /CERT|TLS|SSL/.test(codeOf(error))))
    return unwritable(`${name} and this program do not agree on TLS`, {
      fix: "Set sslmode in HANDBOOK_DATABASE_URL: verify-full (with sslrootcert for a CA of your own), no-verify or disable",
      cause: error,
    });
  return new BrokenConnection("LEDGER_UNWRITABLE", `${name} cannot be reached`, {
    fix:
      state === SQLSTATE.startingUp
        ? "It is starting or stopping: try again"
        : "Start PostgreSQL, or correct the host and the port in HANDBOOK_DATABASE_URL",
    cause: error,
  });
}

/** What the server objected to, in our own words where a person can do something; else the error as it is. */
export function queryFault(error: unknown, name: string): unknown {
  const state = sqlState(error);
  switch (state) {
    case SQLSTATE.serializationFailure:
    case SQLSTATE.deadlock:
    case SQLSTATE.lockNotAvailable:
      return busy("other processes kept writing to the same rows of the ledger", {
        fix: "Try again; if it stays so, look for a stuck session in pg_stat_activity",
        cause: error,
      });
    case SQLSTATE.canceled:
      return busy("the PostgreSQL server ended a statement that took too long", {
        fix: "Try again; if it stays so, raise the statement_timeout of its user",
        cause: error,
      });
    case SQLSTATE.notText:
      return new HandbookError("INVALID_INPUT", "a text has a character that PostgreSQL does not keep", {
        fix: "Leave out the character U+0000",
        cause: error,
      });
    case SQLSTATE.diskFull:
      return new HandbookError(
        "LEDGER_FULL",
        "the disk of the PostgreSQL server is full; nothing was written",
        {
          fix: "Free some space there and try again",
          cause: error,
        },
      );
    case SQLSTATE.readOnlyTransaction:
      return unwritable(`${name} is read-only`, {
        fix: "Point HANDBOOK_DATABASE_URL at the primary server, and at a user with default_transaction_read_only off",
        cause: error,
      });
    case SQLSTATE.insufficientPrivilege:
    case SQLSTATE.noSchema:
      return forbidden(name, error);
    case SQLSTATE.dataCorrupted:
    case SQLSTATE.indexCorrupted:
      return new HandbookError("LEDGER_CORRUPT", `the ledger ${name} is damaged`, {
        fix: "Restore a backup; an index alone is mended by REINDEX. The server's log names the place",
        cause: error,
      });
  }
  if (state !== undefined && !ENDS_CONNECTION.test(state)) return error;
  return new BrokenConnection("LEDGER_UNWRITABLE", `the connection to ${name} broke; nothing was written`, {
    fix: "Try again; if it stays so, see that PostgreSQL runs",
    cause: error,
  });
}

/** A commit that was sent and not answered may have landed or not. */
export function unknownFate(error: unknown, name: string): HandbookError {
  return unwritable(
    `the connection to ${name} broke in the middle of a commit: it may have been written or not`,
    {
      fix: "Look before you do it again; a trace that is recorded twice is kept once",
      cause: error,
    },
  );
}

/** Connection exceptions, shutdown and crash of the server, time-outs of a session. */
const ENDS_CONNECTION = /^(?:08...|57P0[1-5]|25P0[34])$/;

function forbidden(name: string, cause: unknown): HandbookError {
  return unwritable(`the user of ${name} may not write there`, {
    fix: "Give it a schema of its own, or: grant usage, create on schema public, and all on its tables",
    cause,
  });
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

function unwritable(message: string, options: { fix: string; cause: unknown }): HandbookError {
  return new HandbookError("LEDGER_UNWRITABLE", message, options);
}

function busy(message: string, options: { fix: string; cause: unknown }): HandbookError {
  return new HandbookError("LEDGER_BUSY", message, options);
}
