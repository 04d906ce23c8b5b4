import { Command, CommanderError } from "commander";
import { describeError, HandbookError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { backupCommand } from "./backup.ts";
import { benchCommand } from "./bench.ts";
import { callCommand } from "./call.ts";
import { doctorCommand } from "./doctor.ts";
import { evaluateCommand } from "./evaluate.ts";
import { exportCommand } from "./export.ts";
import { historyCommand } from "./history.ts";
import { hookCommand } from "./hook.ts";
import { importCommand } from "./import.ts";
import { initCommand } from "./init.ts";
import { keysCommand } from "./keys.ts";
import { learnCommand } from "./learn.ts";
import { recurringCommand } from "./recurring.ts";
import { reindexCommand } from "./reindex.ts";
import { reportCommand } from "./report.ts";
import { restoreCommand } from "./restore.ts";
import { serveCommand } from "./serve.ts";
import { uninitCommand } from "./uninit.ts";

/**
 * Runs the command line and returns the exit code: 0 done, 1 it failed and stderr says why, 2 it was called wrongly.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const program = new Command("handbook")
    .description("Procedural memory for AI agents: short behaviors, learned from traces, served over MCP.")
    .version(VERSION)
    .showHelpAfterError("(add --help for what it takes)")
    .exitOverride()
    .enablePositionalOptions() // after a sub-command, --version is an option of that one
    .configureHelp({ showGlobalOptions: true });
  for (const command of [
    serveCommand,
    callCommand,
    importCommand,
    learnCommand,
    exportCommand,
    backupCommand,
    restoreCommand,
    historyCommand,
    reportCommand,
    recurringCommand,
    evaluateCommand,
    keysCommand,
    reindexCommand,
    doctorCommand,
    initCommand,
    uninitCommand,
    hookCommand,
  ]) {
    const made = command().copyInheritedSettings(program);
    for (const part of made.commands) part.copyInheritedSettings(program);
    program.addCommand(made);
  }
  program.addCommand(benchCommand()); // it inherits nothing: whatever it is given goes on to the benches
  // Who reads our output may have read enough (`| head`).
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof HandbookError) {
      console.error(describeError(error));
      return 1;
    }
    throw error;
  }
}
