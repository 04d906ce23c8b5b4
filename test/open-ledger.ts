import type { Ledger } from "../src/ports.ts";

/** Opens the ledger at a URL of PostgreSQL or in a file. */
export async function openLedger(address: string): Promise<Ledger> {
  if (!address.startsWith("postgres://"))
    return (await import("../src/adapters/sql/sqlite-ledger.ts")).openSqliteLedger(address);
  return (await import("../src/adapters/sql/postgres-ledger.ts")).openPostgresLedger(address);
}
