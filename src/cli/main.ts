import { Command, CommanderError } from "commander";
import { describeError, HandbookError } from "../errors.ts";
import { VERSION } from "../version.ts";

/** In the order of the help. Each is loaded when it is given: a hook runs at every prompt, and needs no other. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  serve: async () => (await import("./serve.ts")).serveCommand(),
  call: async () => (await import("./call.ts")).callCommand(),
  import: async () => (await import("./import.ts")).importCommand(),
  learn: async () => (await import("./learn.ts")).learnCommand(),
  export: async () => (await import("./export.ts")).exportCommand(),
  backup: async () => (await import("./backup.ts")).backupCommand(),
  restore: async () => (await import("./restore.ts")).restoreCommand(),
  history: async () => (await import("./history.ts")).historyCommand(),
  report: async () => (await import("./report.ts")).reportCommand(),
  recurring: async () => (await import("./recurring.ts")).recurringCommand(),
  evaluate: async () => (await import("./evaluate.ts")).evaluateCommand(),
  keys: async () => (await import("./keys.ts")).keysCommand(),
  reindex: async () => (await import("./reindex.ts")).reindexCommand(),
  doctor: async () => (await import("./doctor.ts")).doctorCommand(),
  init: async () => (await import("./init.ts")).initCommand(),
  uninit: async () => (await import("./uninit.ts")).uninitCommand(),
  hook: async () => (await import("./hook.ts")).hookCommand(),
  bench: async () => (await import("./bench.ts")).benchCommand(),
};

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
  const [given = ""] = argv;
  const isNamed = Object.hasOwn(COMMANDS, given) || given === "--version";
  for (const [name, load] of Object.entries(COMMANDS)) {
    if (isNamed && name !== given) continue;
    const command = await load();
    program.addCommand(command);
    if (name === "bench") continue; // it inherits nothing: whatever it is given goes on to the benches
    for (const one of [command, ...command.commands]) one.copyInheritedSettings(program);
  }
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
