import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { ownCommand } from "./client-configurations.ts";

export function benchCommand(): Command {
  return new Command("bench")
    .description("run a bench of the source checkout; without a name, list them")
    .argument("[args...]", "its name and what it takes")
    .helpOption(false) // the benches tell what they take
    .allowUnknownOption()
    .action(async (args: string[]) => {
      const {
        command,
        args: [entry = ""],
      } = ownCommand();
      const benches = join(dirname(entry), "../bench/run.ts");
      if (!existsSync(benches)) {
        console.error(
          "Benches come with the source checkout, not with the installed package: run `npm ci` and then `npm run bench -- <name>` in it.",
        );
        process.exitCode = 1;
        return;
      }
      const child = spawn(command, [benches, ...args], { stdio: "inherit" });
      const [code] = await once(child, "exit");
      process.exitCode = typeof code === "number" ? code : 1;
    });
}
