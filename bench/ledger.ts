import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Reads a data directory's ledger past the program, by SQLite alone. */
function withLedger<T>(home: string, read: (ledger: DatabaseSync) => T): T {
  const ledger = new DatabaseSync(join(home, "handbook.sqlite"), { timeout: 10_000 });
  try {
    return read(ledger);
  } finally {
    ledger.close();
  }
}

/** Ids of all traces that are stored whole: with as much reasoning as was sent. */
export function storedTraces(home: string, characters: number): Set<string> {
  return withLedger(home, (ledger) => {
    const rows = ledger.prepare("select id from traces where length(reasoning) = ?").all(characters);
    return new Set(rows.map(({ id }) => String(id)));
  });
}

/** What SQLite finds wrong with the file; empty when it is sound. */
export function integrityFaults(home: string): string[] {
  return withLedger(home, (ledger) => {
    const lines = ledger.prepare("pragma integrity_check").all();
    return lines.map(({ integrity_check }) => String(integrity_check)).filter((line) => line !== "ok");
  });
}

/** Takes all of the log into the database file and empties it, so that it grows from here with each commit. */
export function emptyLog(home: string): void {
  withLedger(home, (ledger) => ledger.exec("pragma wal_checkpoint(truncate)"));
}

export function logFile(home: string): string {
  return join(home, "handbook.sqlite-wal");
}
