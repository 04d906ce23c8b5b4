import { rmSync } from "node:fs";
import { Command } from "commander";
import { lexicalCopy } from "../app.ts";
import { readConfig } from "../config.ts";
import { refusePostgres } from "./backup.ts";
import { print } from "./open.ts";

export function restoreCommand(): Command {
  return new Command("restore")
    .description(
      "put a backup into a data directory that has no ledger; it is checked before it takes its place",
    )
    .argument("<file>", "what `handbook backup` wrote")
    .option("--json", "print JSON")
    .action(async (file: string, { json }: { json?: boolean }) => {
      const config = readConfig();
      const command = 'pg_restore --no-owner --exit-on-error --dbname="$HANDBOOK_DATABASE_URL" handbook.dump';
      refusePostgres(config, `${command} && handbook reindex`);
      const { restoreSqlite } = await import("../adapters/sqlite-backup.ts");
      await restoreSqlite(file, config.ledgerPath);
      rmSync(lexicalCopy(config), { force: true }); // it may be of another ledger
      print(
        { ledger: config.ledgerPath },
        json,
        () => `Restored ${config.ledgerPath}. Its indexes are built at the next start.`,
      );
    });
}
