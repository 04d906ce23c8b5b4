import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as z from "zod";
import { HandbookError } from "./errors.ts";

/** Empty means unset, as shells and client configurations write it. */
const setting = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (typeof value === "string" && value.trim() === "" ? undefined : value), schema);

/** Three prices with commas between. */
const Prices = z
  .string()
  .refine(
    (value) => /^\s*\d+(\.\d+)?(\s*,\s*\d+(\.\d+)?){2}\s*$/.test(value),
    "write three numbers with commas between, such as 15,3,0.3",
  )
  .transform((value) => {
    const [output = 0, input = 0, cached = 0] = value.split(",").map(Number);
    return { output, input, cached };
  });

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
  HANDBOOK_EMBEDDER: setting(z.enum(["auto", "none", "local", "openai"]).default("auto")).describe(
    "What turns texts into vectors, to find by meaning too: `none`, `local` (a model in this process, downloaded once), `openai` (any OpenAI-compatible `/embeddings`), or `auto` (default): `local` where its packages are installed and its model was downloaded, else `none`.",
  ),
  HANDBOOK_EMBEDDER_MODEL: setting(z.string().optional()).describe(
    "Model of the embedder. For `local` a model of the hub with an 8-bit ONNX file, such as `Xenova/bge-m3`. Default: `Xenova/bge-small-en-v1.5` for `local`, none for `openai`.",
  ),
  HANDBOOK_EMBEDDER_URL: setting(z.string().optional()).describe(
    "Endpoint of `openai`, without `/embeddings`. Default: `OPENAI_BASE_URL`, else OpenAI's.",
  ),
  HANDBOOK_EMBEDDER_KEY: setting(z.string().optional()).describe(
    "Key for that endpoint. Default: `OPENAI_API_KEY`, which is sent only with `HANDBOOK_EMBEDDER=openai`.",
  ),
  HANDBOOK_EMBEDDER_DIMENSIONS: setting(z.coerce.number().int().min(1).max(16_384).optional()).describe(
    "Length of the vectors asked for from `openai`. Default: the model's own.",
  ),
  HANDBOOK_EMBEDDER_POOLING: setting(z.enum(["cls", "mean", "last_token"]).optional()).describe(
    "How `local` makes one vector of a text's tokens: `cls`, `mean` or `last_token`. Default: as the model was trained, where that is known, else `mean`.",
  ),
  HANDBOOK_EMBEDDER_PREFIX: setting(z.string().optional()).describe(
    "What stands before a question when it is embedded. Default: as the model was trained, where that is known, else nothing.",
  ),
  HANDBOOK_EMBEDDER_WAIT_MS: setting(z.coerce.number().int().min(0).max(10_000).default(40)).describe(
    "Milliseconds that a retrieval waits for vectors before it answers without. Default: 40.",
  ),
  HANDBOOK_MODELS: setting(z.string().optional()).describe(
    "Directory of the models of `local`, each in a folder of its name. Default: `models` in the data directory.",
  ),
  HANDBOOK_OFFLINE: setting(z.enum(["on", "off"]).default("off")).describe(
    "Whether nothing is ever downloaded: `on` or `off` (default).",
  ),
  HF_ENDPOINT: setting(z.string().optional()).describe(
    "Hub that the models of `local` are downloaded from. Default: `https://huggingface.co`.",
  ),
  HANDBOOK_MEMORY_BEHAVIORS: setting(z.coerce.number().int().min(1000).default(100_000)).describe(
    "Behaviors up to which the index of their words is held in memory. Beyond it, LanceDB finds candidates on disk, where it is installed. Default: 100000.",
  ),
  HANDBOOK_INDEX_URI: setting(z.string().optional()).describe(
    "Where the indexes in LanceDB are: a directory, or what LanceDB takes, such as `s3://bucket/path`. Default: `index` in the data directory.",
  ),
  HANDBOOK_HOLDOUT: setting(z.coerce.number().min(0).max(0.5).default(0.1)).describe(
    "Probability that a task is served nothing, so that the rest can be compared with it. `0`: none is. Default: 0.1.",
  ),
  HANDBOOK_WITHHOLD: setting(z.coerce.number().min(0).max(0.5).default(0.1)).describe(
    "Probability that one of the behaviors for a task is withheld, so that each can be measured. `0`: none is. Default: 0.1.",
  ),
  HANDBOOK_PRICES: setting(Prices.optional()).describe(
    "What a million tokens of output, of input and of cached input cost you, in dollars, for the account of `handbook report`. Default: `15,3,0.3`, an example to be replaced by your own.",
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
  readonly holdout: number;
  readonly withhold: number;
  /** Of a million tokens; absent when nobody set them. */
  readonly prices?: { readonly output: number; readonly input: number; readonly cached: number };
  /** Absent when no model is configured. */
  readonly model?: { readonly name: string; readonly apiKey: string; readonly baseUrl?: string };
  /** Absent when nothing is to be found by meaning. */
  readonly embedder?: LocalEmbedderConfig | OpenaiEmbedderConfig;
  readonly embedderWaitMs: number;
  readonly indexUri: string;
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
  return Object.freeze({
    home,
    ledgerPath: join(home, "handbook.sqlite"),
    starters: rest.HANDBOOK_STARTERS === "on",
    reflectionTokens: rest.HANDBOOK_REFLECT_TOKENS,
    holdout: rest.HANDBOOK_HOLDOUT,
    withhold: rest.HANDBOOK_WITHHOLD,
    ...(rest.HANDBOOK_PRICES && { prices: rest.HANDBOOK_PRICES }),
    // Local endpoints want no key, the client library wants one.
    ...(name !== undefined && {
      model: { name, apiKey: key ?? "none", ...(baseUrl !== undefined && { baseUrl }) },
    }),
    ...(embedder !== undefined && { embedder }),
    embedderWaitMs: rest.HANDBOOK_EMBEDDER_WAIT_MS,
    memoryBehaviors: rest.HANDBOOK_MEMORY_BEHAVIORS,
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
