import { isDeepStrictEqual } from "node:util";
import { parse, TomlError } from "smol-toml";
import { HandbookError } from "../errors.ts";
import { SERVER_NAME } from "./client-configurations.ts";
import type { ClientFile } from "./file-change.ts";
import { shown } from "./file-change.ts";
import { type Command, isOurServer } from "./installation.ts";
import { editJson, isSameJson, type JsonEdit, type JsonObject, objectAt, readJson } from "./json-edit.ts";
import { type Marks, putBlock, takeBlock } from "./marked-block.ts";

/** A JSON file in which `key` holds the MCP servers by name. `comments`: the client reads JSON with comments. */
export function jsonServerFile(
  path: string,
  key: "mcpServers" | "servers",
  entry: Command & { type?: "stdio" },
  comments = false,
): ClientFile {
  const name = shown(path);
  const at = [key, SERVER_NAME];
  const serversOf = (text: string) => {
    const root = readJson(text, name, comments);
    return { root, servers: objectAt(root[key], name, `"${key}"`) };
  };
  return {
    path,
    put(text) {
      const existing = serversOf(text).servers[SERVER_NAME];
      if (existing === undefined) return editJson(text, [{ path: at, value: entry }], name);
      if (!isOurServer(existing)) throw otherServer(name);
      const known: JsonObject = { ...existing };
      // What somebody added to our entry, variables say, stays.
      const edits = Object.entries(entry).flatMap(([field, value]) =>
        isDeepStrictEqual(known[field], value) ? [] : [{ path: [...at, field], value }],
      );
      return editJson(text, edits, name);
    },
    take(text, original) {
      const { servers } = serversOf(text);
      if (!isOurServer(servers[SERVER_NAME])) return text;
      const isLast = Object.keys(servers).length === 1;
      const wasThere = original !== undefined && key in readJson(original, name, comments);
      const edit: JsonEdit = { path: isLast && !wasThere ? [key] : at, value: undefined };
      return editJson(text, [edit], name);
    },
    isEmpty: (text) => Object.keys(serversOf(text).root).length === 0,
    isSame: isSameJson,
  };
}

const TOML_MARKS: Marks = { start: "# behavior-handbook:start", end: "# behavior-handbook:end" };
const NPX_START_SECONDS = 60; // Codex waits 10 s by default, and the first npx may have to download

/** Codex's configuration: our table stands between two marks, and the rest of the file is not touched. */
export function codexServerFile(path: string, { command, args }: Command, isNpx: boolean): ClientFile {
  const name = shown(path);
  const value = JSON.stringify; // a JSON string or list of strings is TOML too
  const block = [
    `[mcp_servers.${SERVER_NAME}]`,
    `command = ${value(command)}`,
    `args = ${value(args)}`,
    ...(isNpx ? [`startup_timeout_sec = ${NPX_START_SECONDS}`] : []),
  ].join("\n");
  return {
    path,
    put(text) {
      const rest = readToml(takeBlock(text, TOML_MARKS, name), name);
      const others = objectAt(rest.mcp_servers, name, "mcp_servers");
      if (SERVER_NAME in others) throw otherServer(name);
      const added = putBlock(text, block, TOML_MARKS, name);
      readToml(added, name);
      return added;
    },
    take: (text) => takeBlock(text, TOML_MARKS, name),
    isEmpty: (text) => text.trim() === "",
    isSame: (a, b) => a.trimEnd() === b.trimEnd(),
  };
}

function readToml(text: string, name: string): JsonObject {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    throw new HandbookError("BAD_FILE", `${name} is not valid TOML, or would not be: line ${cause.line}`, {
      fix: "Correct it by hand and run this again; nothing was changed",
      cause,
    });
  }
}

function otherServer(name: string): HandbookError {
  return new HandbookError("BAD_FILE", `${name} already has another server named "${SERVER_NAME}"`, {
    fix: "Rename or remove that one by hand and run this again; nothing was changed",
  });
}
