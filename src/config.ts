import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { checkUrl } from "./config/check-url.ts";
import { embedderOf, type LocalEmbedderConfig, type OpenaiEmbedderConfig } from "./config/embedder.ts";
import { type Models, modelsOf } from "./config/models.ts";
import { type ServingConfig, servingOf } from "./config/serving.ts";
import { type StorageConfig, storageOf } from "./config/storage.ts";
import { Variables } from "./config/variables.ts";
import { HandbookError } from "./errors.ts";

/** What the program runs with. Made once at start, frozen. */
export interface Config extends Models {
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
  /** Absent when nothing is to be found by meaning. */
  readonly embedder?: LocalEmbedderConfig | OpenaiEmbedderConfig;
  readonly embedderWaitMs: number;
  readonly indexUri: string;
  /** Absent where the URI says everything. */
  readonly indexStorage?: StorageConfig | undefined;
  readonly memoryBehaviors: number;
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
  const rest = parsed.data;
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
    ...modelsOf(parsed.data),
    ...(embedder !== undefined && { embedder }),
    embedderWaitMs: rest.HANDBOOK_EMBEDDER_WAIT_MS,
    memoryBehaviors: rest.HANDBOOK_MEMORY_BEHAVIORS,
    indexStorage: storageOf(uri, environment),
    indexUri: /^\w+:\/\//.test(uri) ? uri : resolve(uri),
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
