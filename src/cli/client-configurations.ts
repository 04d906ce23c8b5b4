import { realpathSync } from "node:fs";

/** The name clients know the server by. Short, because clients put it before every tool's name. */
export const SERVER_NAME = "handbook";

/** This installation's Node and entry point, absolute: what a client starts whatever its PATH is. */
export function ownCommand(): { command: string; args: string[] } {
  return { command: process.execPath, args: [realpathSync(process.argv[1] ?? "")] };
}

/**
 * What to paste into each client, for stdio and for HTTP. `key`: whether HTTP takes one. `set`: variables of this
 * process that a client would not have.
 */
export function clientConfigurations(url: string, { key, set }: { key: boolean; set: string[] }): string {
  const { command, args } = ownCommand();
  const json = (value: unknown) => JSON.stringify(value, null, 2);
  const line = [command, ...args].map((part) => (/\s/.test(part) ? `"${part}"` : part)).join(" ");
  const keyed = key && { headers: { Authorization: "Bearer $" + "{env:HANDBOOK_KEY}" } };
  const lacking = set.length === 0 ? "" : `\nGive each of them as "env" what is set here: ${set.join(", ")}.`;
  const toml = JSON.stringify; // a JSON string or list of strings is TOML too
  return `Paste one of these. Each starts its own server over stdio; all share the same handbook.${lacking}

Claude Desktop: claude_desktop_config.json   Cursor: .cursor/mcp.json (or ~/.cursor/mcp.json)
${json({ mcpServers: { [SERVER_NAME]: { command, args } } })}

Claude Code
claude mcp add ${SERVER_NAME} -- ${line}

VS Code: .vscode/mcp.json
${json({ servers: { [SERVER_NAME]: { type: "stdio", command, args } } })}

Codex: ~/.codex/config.toml
[mcp_servers.${SERVER_NAME}]
command = ${toml(command)}
args = ${toml(args)}

Or let clients share this HTTP server while it runs.${key ? " HANDBOOK_KEY is what `handbook keys create` printed." : ""}

Claude Code
claude mcp add --transport http ${SERVER_NAME} ${url}${key ? ' --header "Authorization: Bearer $HANDBOOK_KEY"' : ""}

Cursor: .cursor/mcp.json
${json({ mcpServers: { [SERVER_NAME]: { url, ...keyed } } })}

VS Code: .vscode/mcp.json
${json({ servers: { [SERVER_NAME]: { type: "http", url, ...keyed } } })}

Codex: ~/.codex/config.toml
[mcp_servers.${SERVER_NAME}]
url = ${toml(url)}${key ? '\nbearer_token_env_var = "HANDBOOK_KEY"' : ""}

Claude Desktop reads only stdio servers from its file; use the first block there.
`;
}
