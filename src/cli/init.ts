import { Argument, Command, Option } from "commander";
import { HandbookError } from "../errors.ts";
import type { FileChange } from "./file-change.ts";

export const CLIENTS = ["agents-md", "claude-code", "cursor", "vscode", "codex", "claude-desktop"] as const;
export type Client = (typeof CLIENTS)[number];
export type Scope = "project" | "user";

export interface InitOptions {
  file?: string;
  scope?: Scope;
  dryRun?: boolean;
}

export function initCommand(): Command {
  return clientCommand("init", "set a client up: its MCP server, hooks or instructions").action(
    async (client: Client, options: InitOptions) => {
      const scope = scopeOf(client, options);
      // The editors of configuration files are loaded only here: a hook must not wait for them.
      const [{ clientFiles }, { planPut }, { isFromNpx }] = await Promise.all([
        import("./client-files.ts"),
        import("./file-change.ts"),
        import("./installation.ts"),
      ]);
      const changes = clientFiles(client, { file: options.file, scope, purpose: "put" }).map(planPut);
      const changed = await carryOut(changes, options.dryRun === true, "is set up already");
      if (changed) for (const line of nextSteps(client, scope, isFromNpx())) console.error(line);
    },
  );
}

/** What `init` and `uninit` take. */
export function clientCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .addArgument(new Argument("<client>", "the client, or agents-md for any agent").choices(CLIENTS))
    .option("--file <path>", "agents-md: the file, instead of AGENTS.md, or CLAUDE.md where only that exists")
    .addOption(
      new Option("--scope <scope>", "claude-code: this project (default) or all of yours").choices([
        "project",
        "user",
      ]),
    )
    .option("--dry-run", "print the change as a diff and change nothing");
}

/**
 * The scope asked for, and whether the options fit the client.
 *
 * Throws: INVALID_INPUT for an option of another client.
 */
export function scopeOf(client: Client, { file, scope }: InitOptions): Scope {
  const wrong = (option: string, owner: Client) =>
    new HandbookError("INVALID_INPUT", `${option} is for ${owner}, not for ${client}`, {
      fix: "Leave it out",
    });
  if (file !== undefined && client !== "agents-md") throw wrong("--file", "agents-md");
  if (scope !== undefined && client !== "claude-code") throw wrong("--scope", "claude-code");
  return scope ?? "project";
}

/** Makes the changes, or shows them; says what it did. True when files were changed. */
export async function carryOut(
  changes: readonly FileChange[],
  dryRun: boolean,
  whenNone: string,
): Promise<boolean> {
  const { diffOf, makeChange, shown, backupOf } = await import("./file-change.ts");
  for (const change of changes) {
    const { path, before, after, backup } = change;
    if (before === after) {
      if (after !== undefined || changes.length === 1) console.error(`${shown(path)} ${whenNone}`);
      continue;
    }
    if (dryRun) {
      process.stdout.write(diffOf(change));
      continue;
    }
    makeChange(change);
    const deed = after === undefined ? "Removed" : before === undefined ? "Created" : "Changed";
    const note = backup === "make" ? ` (as it was: ${shown(backupOf(path))})` : "";
    process.stdout.write(`${deed} ${shown(path)}${note}\n`);
  }
  return !dryRun && changes.some(({ before, after }) => before !== after);
}

function nextSteps(client: Client, scope: Scope, isNpx: boolean): string[] {
  switch (client) {
    case "agents-md":
      return [];
    case "claude-code":
      return [
        ...(isNpx
          ? [
              "The server was set up, its hooks were not: they need an installed package. Run `npm install -g behavior-handbook`, then `handbook init claude-code`.",
            ]
          : [
              "From the next session on, behaviors are retrieved for every prompt and every turn is recorded, on this machine only, without its secrets.",
            ]),
        ...(scope === "project" && !isNpx
          ? ["These files name paths of this machine: keep them out of version control, or use --scope user."]
          : []),
      ];
    case "cursor":
    case "vscode":
    case "codex":
    case "claude-desktop":
      return [
        "Start the client again, and run `handbook init agents-md` so that agents know when to call it.",
      ];
  }
}
