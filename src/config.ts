import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type * as z from "zod";
import { type ServingConfig, servingOf } from "./config/serving.ts";
import { type StorageConfig, storageOf } from "./config/storage.ts";
import { Variables } from "./config/variables.ts";
import { HandbookError } from "./errors.ts";

/** What the program runs with. Made once at start, frozen. */
export interface Config {
  readonly home: string;
  readonly ledgerPath: string;
  /** The ledger's place instead of `ledgerPath`; holds a password. */
  readonly databaseUrl?: string;
  readonly starters: boolean;
  readonly reflectionTokens: number;
  readonly holdout: number;
  readonly withhold: number;
  readonly serving: ServingConfig;
  /** Of a million tokens; absent when nobody set them. */
  readonly prices?: { readonly output: number; readonly input: number; readonly cached: number };
  /** Absent when no model is configured. */
  readonly model?: { readonly name: string; readonly apiKey: string; readonly baseUrl?: string };
  /** Absent when nothing is to be found by meaning. */
  readonly embedder?: LocalEmbedderConfig | OpenaiEmbedderConfig;
  readonly embedderWaitMs: number;
  readonly indexUri: string;
  /** Absent where the URI says everything. */
  readonly indexStorage?: StorageConfig | undefined;
  readonly memoryBehaviors: number;
}

export interface LocalEmbedderConfig {
  readonly kind: "local";
  /** Nobody asked for it: to be left out, without a word, where its packages or its model are missing. */
  readonly auto: boolean;
  readonly model: string;
  readonly directory: string;
  readonly offline: boolean;
  readonly hub?: string | undefined;
  readonly pooling?: "cls" | "mean" | "last_token" | undefined;
  readonly queryPrefix?: string | undefined;
}

export interface OpenaiEmbedderConfig {
  readonly kind: "openai";
  readonly model: string;
  readonly apiKey: string;
  readonly baseUrl?: string | undefined;
  readonly dimensions?: number | undefined;
  readonly queryPrefix?: string | undefined;
}

const LOCAL_MODEL = "Xenova/bge-small-en-v1.5";

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
  if (name !== undefined) checkUrl("OPENAI_BASE_URL", baseUrl);
  const home = resolve(rest.HANDBOOK_HOME ?? defaultHome(environment));
  const embedder = embedderOf(parsed.data, home);
  const uri = rest.HANDBOOK_INDEX_URI ?? join(home, "index");
  if (uri.startsWith("s3://")) checkUrl("AWS_ENDPOINT_URL", rest.AWS_ENDPOINT_URL);
  return Object.freeze({
    home,
    ledgerPath: join(home, "handbook.sqlite"),
    ...(rest.HANDBOOK_DATABASE_URL !== undefined && { databaseUrl: rest.HANDBOOK_DATABASE_URL }),
    starters: rest.HANDBOOK_STARTERS === "on",
    reflectionTokens: rest.HANDBOOK_REFLECT_TOKENS,
    holdout: rest.HANDBOOK_HOLDOUT,
    withhold: rest.HANDBOOK_WITHHOLD,
    serving: servingOf(parsed.data),
    ...(rest.HANDBOOK_PRICES && { prices: rest.HANDBOOK_PRICES }),
    // Local endpoints want no key, the client library wants one.
    ...(name !== undefined && {
      model: { name, apiKey: key ?? "none", ...(baseUrl !== undefined && { baseUrl }) },
    }),
    ...(embedder !== undefined && { embedder }),
    embedderWaitMs: rest.HANDBOOK_EMBEDDER_WAIT_MS,
    memoryBehaviors: rest.HANDBOOK_MEMORY_BEHAVIORS,
    indexStorage: storageOf(uri, environment),
    indexUri: /^\w+:\/\//.test(uri) ? uri : resolve(uri),
  });
}

function embedderOf(variables: z.infer<typeof Variables>, home: string): Config["embedder"] {
  const { HANDBOOK_EMBEDDER: kind, HANDBOOK_EMBEDDER_MODEL: model } = variables;
  const queryPrefix = variables.HANDBOOK_EMBEDDER_PREFIX;
  if (kind === "openai") {
    refuse(variables, kind, ["HANDBOOK_EMBEDDER_POOLING"], "local");
    return openaiEmbedderOf(variables, model, queryPrefix);
  }
  const endpoint = [
    "HANDBOOK_EMBEDDER_URL",
    "HANDBOOK_EMBEDDER_KEY",
    "HANDBOOK_EMBEDDER_DIMENSIONS",
  ] as const;
  refuse(variables, kind, endpoint, "openai");
  if (kind === "none") return undefined;
  // It becomes part of a path and of an address.
  if (model !== undefined && !/^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/.test(model)) {
    throw new HandbookError("BAD_CONFIG", "HANDBOOK_EMBEDDER_MODEL is not the name of a model", {
      fix: `Set it to a name as the hub writes it, such as ${LOCAL_MODEL}`,
    });
  }
  checkUrl("HF_ENDPOINT", variables.HF_ENDPOINT);
  const auto = kind === "auto";
  return {
    ...{ kind: "local", auto, model: model ?? LOCAL_MODEL, queryPrefix },
    directory: resolve(variables.HANDBOOK_MODELS ?? join(home, "models")),
    offline: auto || variables.HANDBOOK_OFFLINE === "on",
    hub: variables.HF_ENDPOINT,
    pooling: variables.HANDBOOK_EMBEDDER_POOLING,
  };
}

function openaiEmbedderOf(
  variables: z.infer<typeof Variables>,
  model: string | undefined,
  queryPrefix: string | undefined,
): OpenaiEmbedderConfig {
  const baseUrl = variables.HANDBOOK_EMBEDDER_URL ?? variables.OPENAI_BASE_URL;
  const apiKey = variables.HANDBOOK_EMBEDDER_KEY ?? variables.OPENAI_API_KEY;
  if (model === undefined) {
    throw new HandbookError(
      "BAD_CONFIG",
      "HANDBOOK_EMBEDDER is openai, but HANDBOOK_EMBEDDER_MODEL is not set",
      {
        fix: "Set it to a model of the endpoint, such as text-embedding-3-small for OpenAI's",
      },
    );
  }
  if (baseUrl === undefined && apiKey === undefined) {
    throw new HandbookError("BAD_CONFIG", "HANDBOOK_EMBEDDER is openai, but it has neither a URL nor a key", {
      fix: "Set HANDBOOK_EMBEDDER_URL to a local endpoint, or HANDBOOK_EMBEDDER_KEY for OpenAI's",
    });
  }
  checkUrl(
    variables.HANDBOOK_EMBEDDER_URL === undefined ? "OPENAI_BASE_URL" : "HANDBOOK_EMBEDDER_URL",
    baseUrl,
  );
  const dimensions = variables.HANDBOOK_EMBEDDER_DIMENSIONS;
  return { kind: "openai", model, apiKey: apiKey ?? "none", baseUrl, dimensions, queryPrefix };
}

/** Refuses what only another embedder reads: set in vain, it would be believed to work. */
function refuse(
  variables: z.infer<typeof Variables>,
  kind: string,
  names: readonly (keyof typeof Variables.shape)[],
  reader: string,
): void {
  const vain = names.find((name) => variables[name] !== undefined);
  if (vain === undefined) return;
  throw new HandbookError("BAD_CONFIG", `${vain} is set, but HANDBOOK_EMBEDDER is ${kind}`, {
    fix: `Set HANDBOOK_EMBEDDER=${reader}, or unset ${vain}`,
  });
}

function checkUrl(name: string, url: string | undefined): void {
  if (url === undefined || /^https?:\/\//.test(url)) return;
  throw new HandbookError("BAD_CONFIG", `${name} is not valid: it must begin with http:// or https://`, {
    fix: "Correct it or unset it",
  });
}

/** The names of our variables that are set. */
export function setVariables(environment: NodeJS.ProcessEnv = process.env): string[] {
  return Object.keys(environment).filter((name) => name.startsWith("HANDBOOK_") && name in Variables.shape);
}

const OTHERS = ["HANDBOOK_BENCH_DATA", "HANDBOOK_KEY"]; // of the benches, and of clients that send a key

/** Variables that look like ours and are not: mostly a slip of the pen. */
export function unknownVariables(environment: NodeJS.ProcessEnv = process.env): string[] {
  return Object.keys(environment).filter(
    (name) => name.startsWith("HANDBOOK_") && !(name in Variables.shape) && !OTHERS.includes(name),
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
