import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as z from "zod";
import { HandbookError } from "./errors.ts";

/** Empty means unset, as shells and client configurations write it. */
const setting = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (typeof value === "string" && value.trim() === "" ? undefined : value), schema);

/**
 * Every variable that is read, with its meaning, unit and default. The table in the README is made from it.
 */
export const Variables = z.object({
  HANDBOOK_HOME: setting(z.string().optional()).describe(
    "Data directory. Default: `behavior-handbook` in the platform's user data directory.",
  ),
  HANDBOOK_STARTERS: setting(z.enum(["on", "off"]).default("on")).describe(
    "Whether every retrieval also searches the starter handbooks: `on` (default) or `off`.",
  ),
  HANDBOOK_MODEL: setting(z.string().optional()).describe(
    "Model that the server reflects with. Default: none, the calling agent reflects.",
  ),
  OPENAI_BASE_URL: setting(z.string().optional()).describe(
    "Any OpenAI-compatible endpoint for `HANDBOOK_MODEL`. Default: OpenAI's.",
  ),
  OPENAI_API_KEY: setting(z.string().optional()).describe(
    "Key for that endpoint. Used only with `HANDBOOK_MODEL`.",
  ),
  HANDBOOK_REFLECT_TOKENS: setting(z.coerce.number().int().min(500).max(1_000_000).default(6000)).describe(
    "Tokens of trace text that one reflection prompt may hold. Default: 6000.",
  ),
});

/** What the program runs with. Made once at start, frozen. */
export interface Config {
  readonly home: string;
  readonly ledgerPath: string;
  readonly starters: boolean;
  readonly reflectionTokens: number;
  /** Absent when no model is configured. */
  readonly model?: { readonly name: string; readonly apiKey: string; readonly baseUrl?: string };
}

/**
 * Reads the configuration from the environment.
 *
 * Throws: BAD_CONFIG, naming the variable, its value's fault and the fix.
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const parsed = Variables.safeParse(environment);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const name = String(issue?.path[0]) as keyof typeof Variables.shape;
    throw new HandbookError("BAD_CONFIG", `${name} is not valid: ${issue?.message}`, {
      fix: `${Variables.shape[name].description} Correct it or unset it`,
    });
  }
  const { HANDBOOK_MODEL: name, OPENAI_API_KEY: key, OPENAI_BASE_URL: baseUrl, ...rest } = parsed.data;
  if (name !== undefined && key === undefined && baseUrl === undefined) {
    throw new HandbookError(
      "BAD_CONFIG",
      "HANDBOOK_MODEL is set, but neither OPENAI_API_KEY nor OPENAI_BASE_URL is",
      {
        fix: "Set the key, or the URL of a local endpoint, or unset HANDBOOK_MODEL",
      },
    );
  }
  // Other programs read this one too, so it is looked at only where it is used.
  if (name !== undefined && baseUrl !== undefined && !/^https?:\/\//.test(baseUrl)) {
    throw new HandbookError(
      "BAD_CONFIG",
      "OPENAI_BASE_URL is not valid: it must begin with http:// or https://",
      {
        fix: "Correct it or unset it",
      },
    );
  }
  const home = resolve(rest.HANDBOOK_HOME ?? defaultHome(environment));
  return Object.freeze({
    home,
    ledgerPath: join(home, "handbook.sqlite"),
    starters: rest.HANDBOOK_STARTERS === "on",
    reflectionTokens: rest.HANDBOOK_REFLECT_TOKENS,
    // Local endpoints want no key, the client library wants one.
    ...(name !== undefined && {
      model: { name, apiKey: key ?? "none", ...(baseUrl !== undefined && { baseUrl }) },
    }),
  });
}

/** Variables that look like ours and are not: mostly a slip of the pen. */
export function unknownVariables(environment: NodeJS.ProcessEnv = process.env): string[] {
  return Object.keys(environment).filter(
    (name) => name.startsWith("HANDBOOK_") && !(name in Variables.shape) && name !== "HANDBOOK_BENCH_DATA",
  );
}

/** Where clients keep their own configuration, moved by the variables that these clients read. */
export function clientDirectories(
  { CLAUDE_CONFIG_DIR, CODEX_HOME, APPDATA, XDG_CONFIG_HOME }: NodeJS.ProcessEnv = process.env,
) {
  const home = homedir();
  const settings = {
    darwin: join(home, "Library", "Application Support"),
    win32: APPDATA || join(home, "AppData", "Roaming"),
    other: XDG_CONFIG_HOME || join(home, ".config"),
  };
  const platform = process.platform === "darwin" || process.platform === "win32" ? process.platform : "other";
  return {
    /** Claude Code's settings. */
    claude: CLAUDE_CONFIG_DIR || join(home, ".claude"),
    /** Claude Code's `.claude.json`, which lies beside that directory unless it was moved. */
    claudeState: CLAUDE_CONFIG_DIR || home,
    claudeDesktop: join(settings[platform], "Claude"),
    codex: CODEX_HOME || join(home, ".codex"),
  };
}

function defaultHome({ XDG_DATA_HOME, LOCALAPPDATA }: NodeJS.ProcessEnv): string {
  const base = {
    darwin: join(homedir(), "Library", "Application Support"),
    win32: LOCALAPPDATA || join(homedir(), "AppData", "Local"),
  };
  const directory =
    process.platform === "darwin" || process.platform === "win32" ? base[process.platform] : undefined;
  return join(directory ?? (XDG_DATA_HOME || join(homedir(), ".local", "share")), "behavior-handbook");
}
