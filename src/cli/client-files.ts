import { join, resolve } from "node:path";
import { clientDirectories } from "../config.ts";
import { agentsMdFile, agentsMdPath, agentsMdPaths } from "./agents-md.ts";
import { claudeCodeHooksFile } from "./claude-code-hooks.ts";
import { codexServerFile, jsonServerFile } from "./client-servers.ts";
import type { ClientFile } from "./file-change.ts";
import type { Client, Scope } from "./init.ts";
import { isFromNpx, serverCommand } from "./installation.ts";

/** The files of a client that hold a part of ours, with `put` or after it. */
export function clientFiles(
  client: Client,
  { file, scope, purpose }: { file?: string | undefined; scope: Scope; purpose: "put" | "take" },
): ClientFile[] {
  const server = serverCommand();
  const directories = clientDirectories();
  switch (client) {
    case "agents-md":
      return (purpose === "put" ? [agentsMdPath(file)] : agentsMdPaths(file)).map(agentsMdFile);
    case "claude-code": {
      const isUser = scope === "user";
      const servers = isUser ? join(directories.claudeState, ".claude.json") : resolve(".mcp.json");
      const settings = isUser
        ? join(directories.claude, "settings.json")
        : resolve(".claude", "settings.json");
      // A hook runs at every prompt: through npx it would take seconds, and from npx's cache it may be gone.
      const hasHooks = purpose === "take" || !isFromNpx();
      return [
        jsonServerFile(servers, "mcpServers", server),
        ...(hasHooks ? [claudeCodeHooksFile(settings)] : []),
      ];
    }
    case "cursor":
      return [jsonServerFile(resolve(".cursor", "mcp.json"), "mcpServers", server, true)];
    case "vscode":
      return [jsonServerFile(resolve(".vscode", "mcp.json"), "servers", { type: "stdio", ...server }, true)];
    case "codex":
      return [codexServerFile(join(directories.codex, "config.toml"), server, isFromNpx())];
    case "claude-desktop":
      return [
        jsonServerFile(join(directories.claudeDesktop, "claude_desktop_config.json"), "mcpServers", server),
      ];
  }
}
