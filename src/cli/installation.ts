import { ownCommand } from "./client-configurations.ts";

export interface Command {
  command: string;
  args: string[];
}

/** What a client starts as the server: this installation, or npx where this one lies in npx's cache and may vanish. */
export function serverCommand(): Command {
  if (!isFromNpx()) return ownCommand();
  const npx = ["npx", "-y", "behavior-handbook"];
  // On Windows npx is a script, which only a shell can start.
  const [command = "npx", ...args] = process.platform === "win32" ? ["cmd", "/c", ...npx] : npx;
  return { command, args };
}

/** True when this very program was started by npx from its cache. */
export function isFromNpx(): boolean {
  return ownCommand().args.some((path) => /[\\/]_npx[\\/]/.test(path));
}

/**
 * A command of a Claude Code hook, as the fields of its settings. For a POSIX shell it is one quoted line, which every
 * version reads; on Windows the shell can be one of two that quote differently, so it is started without one.
 *
 * Source: code.claude.com/docs/en/hooks, "Exec form and shell form" (`args`: from 2.1.139).
 */
export function hookHandler(event: "prompt" | "stop"): { command: string; args?: string[] } {
  const { command, args } = ownCommand();
  const words = [...args, "hook", event];
  if (process.platform === "win32") return { command, args: words };
  return { command: [command, ...words].map(quoted).join(" ") };
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Whether a client's entry starts this program, in this or another installation or version. */
export function isOurServer(entry: unknown): boolean {
  return words(entry).some((word) =>
    /(?:^|[\\/])(?:behavior-)?handbook(?:\.js|\.cmd)?(?:@[\w.^~-]+)?$/.test(word),
  );
}

/** Whether a hook's handler is ours for this event. */
export function isOurHook(handler: unknown, event: "prompt" | "stop"): boolean {
  const line = words(handler).join(" ");
  return (
    /(?:^|[\\/])behavior-handbook(?:\.js|\.cmd)?['"]? hook /.test(line) && line.endsWith(` hook ${event}`)
  );
}

function words(entry: unknown): string[] {
  if (typeof entry !== "object" || entry === null) return [];
  const { command, args }: { command?: unknown; args?: unknown } = entry;
  return [command, ...(Array.isArray(args) ? args : [])].filter((word) => typeof word === "string");
}
