import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openSqliteLedger } from "../src/adapters/sql/sqlite-ledger.ts";
import type { SyntheticBehavior } from "./data.ts";

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

/**
 * Makes a ledger that holds these behaviors, active, in the rows that the program would write one transaction after
 * the other: a million in seconds instead of an hour.
 */
export async function makeLedger(home: string, behaviors: Iterable<SyntheticBehavior>): Promise<void> {
  await (await openSqliteLedger(join(home, "handbook.sqlite"))).close();
  withLedger(home, (ledger) => {
    const created_at = new Date().toISOString();
    const head = ledger.prepare(
      `insert into behaviors (handbook, name, revision, status, topic, seq)
        values ('default', ?, 1, 'active', ?, ?)`,
    );
    const revision = ledger.prepare(
      `insert into behavior_revisions
          (handbook, name, revision, status, instruction, "when", keywords, topic, author, trace_ids, reason, created_at)
        values ('default', ?, 1, 'active', ?, ?, ?, ?, 'import', '[]', 'loaded from a file', ?)`,
    );
    ledger.exec("pragma synchronous = off; pragma cache_size = -500000; begin");
    let seq = 0;
    for (const { name, instruction, when, keywords, topic } of behaviors) {
      head.run(name, topic, ++seq);
      revision.run(name, instruction, when, JSON.stringify(keywords), topic, created_at);
    }
    ledger.prepare("update counters set value = ? where name = 'behaviors'").run(seq);
    ledger.exec("commit; pragma wal_checkpoint(truncate)");
  });
}
