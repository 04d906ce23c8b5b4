import type { Command } from "commander";
import { type Client, carryOut, clientCommand, type InitOptions, scopeOf } from "./init.ts";

export function uninitCommand(): Command {
  return clientCommand("uninit", "take out of a client's files what init put in, and nothing else").action(
    async (client: Client, options: InitOptions) => {
      const scope = scopeOf(client, options);
      const [{ clientFiles }, { planTake }] = await Promise.all([
        import("./client-files.ts"),
        import("./file-change.ts"),
      ]);
      const changes = clientFiles(client, { file: options.file, scope, purpose: "take" }).map(planTake);
      await carryOut(changes, options.dryRun === true, "has nothing of the handbook");
    },
  );
}
