import { rmSync } from "node:fs";
import { Command } from "commander";
import { databaseName } from "../adapters/sql/postgres-errors.ts";
import { lexicalCopy } from "../app.ts";
import { readConfig } from "../config.ts";
import { print } from "./open.ts";

export function restoreCommand(): Command {
  return new Command("restore")
    .description(
      "put a backup into a data directory that has no ledger, or into an empty PostgreSQL database; it is checked before it takes its place",
    )
    .argument("<file>", "what `handbook backup` wrote")
    .option("--json", "print JSON")
    .action(async (file: string, { json }: { json?: boolean }) => {
      const config = readConfig();
      const { databaseUrl, ledgerPath, home } = config;
      const ledger = databaseUrl === undefined ? ledgerPath : databaseName(databaseUrl);
      if (databaseUrl === undefined) {
        const { restoreSqlite } = await import("../adapters/sql/sqlite-backup.ts");
        await restoreSqlite(file, ledgerPath);
      } else {
        const { restorePostgres } = await import("../adapters/sql/postgres-restore.ts");
        await restorePostgres(file, databaseUrl, home);
      }
      rmSync(lexicalCopy(config), { force: true }); // it may be of another ledger
      print({ ledger }, json, () => `Restored ${ledger}. Its indexes are built at the next start.`);
    });
}
