import { Command } from "commander";
import { type Config, readConfig } from "../config.ts";
import { HandbookError } from "../errors.ts";
import { print } from "./open.ts";

export function backupCommand(): Command {
  return new Command("backup")
    .description(
      "copy the ledger into one file while servers go on writing; indexes are built from it and left out",
    )
    .argument("<file>", "where to; compressed where its name ends in .gz")
    .option("--force", "overwrite the file")
    .option("--json", "print JSON")
    .action(async (file: string, { force = false, json }: { force?: boolean; json?: boolean }) => {
      const config = readConfig();
      refusePostgres(config);
      const { backUpSqlite } = await import("../adapters/sql/sqlite-backup.ts");
      const { bytes } = await backUpSqlite(config.ledgerPath, file, { overwrite: force });
      const size = `${(bytes / 1e6).toFixed(1)} MB`;
      print({ file, bytes }, json, () => `Wrote ${file}, ${size}. Restore it with: handbook restore ${file}`);
    });
}

/** PostgreSQL has a tool of its own, which knows what must be kept. */
function refusePostgres({ databaseUrl }: Config): void {
  if (databaseUrl === undefined) return;
  throw new HandbookError("BAD_CONFIG", "HANDBOOK_DATABASE_URL is set: the ledger is in PostgreSQL", {
    fix: 'Run: pg_dump --format=custom --file=handbook.dump "$HANDBOOK_DATABASE_URL"',
  });
}
