import { randomInt } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { monotonicFactory } from "ulid";
import type { TextCandidates } from "./adapters/lance/lance-texts.ts";
import type { Persistence } from "./adapters/openai-llm.ts";
import { HandbookFile } from "./adapters/readers/handbook-json-reader.ts";
import type { ModelConfig } from "./config/models.ts";
import type { Config } from "./config.ts";
import type { TokenVerifier } from "./ports/access.ts";
import type { RebuildableIndex } from "./ports/index-state.ts";
import type { Embedder, Llm } from "./ports/models.ts";
import type { Ledger, Ports, SecretScanner, Tokenizer, VectorIndex } from "./ports.ts";
import { VERSION } from "./version.ts";

const LANCEDB = "@lancedb/lancedb";
const TRANSFORMERS = "@huggingface/transformers";
const TEXTS_WAIT_MS = 1000; // of the words' own index: without it there is no answer

/** The program, put together. The only place that knows every part. */
export interface App {
  readonly config: Config;
  /** The ports, opened at the first call; a failure is tried again at the next one. */
  ports(): Promise<Ports>;
  /** What `handbook reindex` builds anew; the memory's own index is built from the ledger at the next start. */
  rebuildable(): Promise<RebuildableIndex[]>;
  /** Counts `work` as under way until it settles, so that `idle` and `close` wait for it. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Settles when nothing is under way. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Wires the parts. Returns at once: opening the ledger, loading the starters and building the index wait for the
 * first call of `ports`, so that a client gets its first answer before any of it. A server finds by `meaning` as well;
 * a command that comes and goes would not live long enough to load a model.
 */
export function createApp(config: Config, { meaning = false } = {}): App {
  let opening: Promise<Opened> | undefined;
  const underWay = new Set<Promise<unknown>>();
  const idle = async () => {
    while (underWay.size > 0) await Promise.allSettled(underWay);
  };
  const opened = () => {
    opening ??= open(config, meaning).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    config,
    idle,
    during(work) {
      underWay.add(work);
      const done = () => underWay.delete(work);
      work.then(done, done);
      return work;
    },
    ports() {
      return opened().then(({ ports }) => ports);
    },
    rebuildable() {
      return opened().then(({ rebuildable }) => rebuildable);
    },
    async close() {
      await idle();
      const open = await opening?.catch(() => undefined);
      opening = undefined;
      await open?.close();
    },
  };
}

interface Opened {
  ports: Ports;
  rebuildable: RebuildableIndex[];
  close(): Promise<void>;
}

async function open(config: Config, meaning: boolean): Promise<Opened> {
  const [ledger, { memoryIndex }, { lexicalRules }] = await Promise.all([
    openLedger(config),
    import("./adapters/lexical/memory-index.ts"),
    import("./rules/lexical.ts"),
  ]);
  const followers: { close(): Promise<void> }[] = [];
  const close = async () => {
    await Promise.all(followers.map((follower) => follower.close())).finally(() => ledger.close());
  };
  try {
    const texts = await openTexts(config, ledger);
    if (texts !== undefined) followers.push(texts);
    const index =
      texts !== undefined && (await texts.isBuilt()) // before it is for the first time, memory answers
        ? (await import("./adapters/lexical/large-index.ts")).largeIndex(ledger, lexicalRules, texts)
        : memoryIndex(ledger, lexicalRules, { cache: { path: lexicalCopy(config), ledger } });
    followers.push(index);
    const vectors = meaning ? await openVectors(config, ledger) : undefined;
    if (vectors !== undefined) followers.push(vectors);
    const ports: Ports = {
      ledger,
      index,
      ...(vectors && { vectors }),
      ...(config.model && { llm: lazyLlm(config.model) }),
      secrets: lazySecrets(),
      tokenizer: lazyTokenizer(),
      now: () => new Date(),
      newId: monotonicFactory(() => randomInt(2 ** 32) / 2 ** 32), // its own asks the system for every character
      settings: {
        reflectionTokens: config.reflectionTokens,
        starters: config.starters,
        holdout: config.holdout,
        withhold: config.withhold,
        ...(config.serving.handbooks && { handbooks: config.serving.handbooks }),
        ...(config.prices && { prices: config.prices }),
      },
    };
    await makeHandbooks(ports);
    if (config.starters) await loadStarters(ports);
    index.warm().catch(() => {}); // the first search builds again and reports what is wrong
    return {
      ports,
      rebuildable: [vectors, texts].filter((one) => one !== undefined),
      close,
    };
  } catch (error) {
    await close().catch(() => {}); // they would go on following by themselves
    throw error;
  }
}

/** The ledger that is configured. */
export async function openLedger({ databaseUrl, ledgerPath }: Config): Promise<Ledger> {
  if (databaseUrl !== undefined)
    return (await import("./adapters/sql/postgres-ledger.ts")).openPostgresLedger(databaseUrl);
  return (await import("./adapters/sql/sqlite-ledger.ts")).openSqliteLedger(ledgerPath);
}

/** A handbook that a person named in the configuration is there, as `default` is, so that a new one works at once. */
async function makeHandbooks({ ledger, settings: { handbooks }, now }: Ports): Promise<void> {
  if (handbooks === undefined) return;
  const known = new Set((await ledger.handbooks()).map(({ slug }) => slug));
  const missing = [...new Set([...handbooks.read, handbooks.write])].filter((slug) => !known.has(slug));
  if (missing.length === 0) return;
  const { handbookToWrite } = await import("./lifecycle/handbooks.ts");
  const created_at = now().toISOString();
  await ledger.write(async (tx) => {
    for (const slug of missing) await handbookToWrite(tx, slug, created_at);
  });
}

/** Where answers of models are kept, which were paid for. */
export function answersFile({ home }: Config): string {
  return join(home, "cache", "answers.sqlite");
}

/** Where the copy of the lexical index lies. */
export function lexicalCopy({ home }: Config): string {
  return join(home, "cache", "lexical.bin");
}

/** Full text on disk, for a ledger that holds more than a process should keep in memory and where LanceDB is there. */
async function openTexts(config: Config, ledger: Ledger): Promise<TextCandidates | undefined> {
  if ((await ledger.headSeq()) <= config.memoryBehaviors) return undefined; // there is no behavior without a number
  if ((await ledger.behaviorCount()) <= config.memoryBehaviors) return undefined;
  const { isInstalled } = await import("./adapters/optional-package.ts");
  if (!isInstalled(LANCEDB, config.home)) return undefined;
  const { lanceTexts } = await import("./adapters/lance/lance-texts.ts");
  return lanceTexts({ ledger, home: config.home, ...indexPlace(config), waitMs: TEXTS_WAIT_MS });
}

/** Where the indexes in LanceDB lie. */
export function indexPlace({ indexUri: uri, indexStorage: storage }: Config) {
  return { uri, storage };
}

/** The index by meaning; undefined where there is no embedder. */
async function openVectors(
  config: Config,
  ledger: Ledger,
): Promise<(VectorIndex & RebuildableIndex) | undefined> {
  const embedder = await openEmbedder(config);
  if (embedder === undefined) return undefined;
  const { lanceVectors } = await import("./adapters/lance/lance-vectors.ts");
  const { home, embedderWaitMs: waitMs } = config;
  return lanceVectors({ ledger, home, ...indexPlace(config), waitMs, embedder });
}

/** What is configured; undefined where none is wanted, or nobody asked for one and something it needs is missing. */
export async function openEmbedder({ embedder: wanted, home }: Config): Promise<Embedder | undefined> {
  if (wanted === undefined) return undefined;
  if (wanted.kind === "openai") {
    const { openaiEmbedder } = await import("./adapters/openai-embedder.ts");
    return openaiEmbedder(wanted);
  }
  if (wanted.auto) {
    const { hasModel } = await import("./adapters/model-files.ts");
    if (!hasModel(wanted.directory, wanted.model)) return undefined;
    const { isInstalled } = await import("./adapters/optional-package.ts");
    if (!isInstalled(TRANSFORMERS, home) || !isInstalled(LANCEDB, home)) return undefined;
  }
  const { localEmbedder } = await import("./adapters/local-embedder.ts");
  return localEmbedder({ ...wanted, home, onDownload: tellOfDownload });
}

/** Who checks tokens; undefined where no issuer is configured. */
export async function openTokens({ serving: { oauth } }: Config): Promise<TokenVerifier | undefined> {
  if (oauth === undefined) return undefined;
  const [{ joseTokens }, { grantsOf }] = await Promise.all([
    import("./adapters/jose-tokens.ts"),
    import("./rules/grants.ts"),
  ]);
  return joseTokens(oauth, grantsOf);
}

function tellOfDownload({
  model,
  percent,
  megabytes,
}: {
  model: string;
  percent: number;
  megabytes: number;
}) {
  console.error(`downloading ${model}: ${Math.round(percent)} % of ${Math.round(megabytes)} MB`);
}

/**
 * Loads each packaged handbook that the ledger does not have in this or a newer version: two versions of the program
 * may share a ledger, and must not revise its starters back and forth.
 */
async function loadStarters(ports: Ports): Promise<void> {
  const directory = new URL("../handbooks/", import.meta.url);
  const { digest } = await import("./rules/identity.ts");
  for (const name of readdirSync(directory)
    .filter((file) => file.endsWith(".json"))
    .sort()) {
    const content = readFileSync(new URL(name, directory), "utf8");
    const { handbook } = JSON.parse(content);
    const loaded = (await ports.ledger.handbook(handbook))?.starter;
    const starter = `${VERSION} ${digest(content).slice(0, 16)}`;
    const [loadedVersion = ""] = loaded?.split(" ") ?? [];
    if (loaded === starter || loadedVersion.localeCompare(VERSION, "en", { numeric: true }) > 0) continue;
    const { loadHandbook } = await import("./lifecycle/load.ts");
    await loadHandbook(ports, HandbookFile.parse(JSON.parse(content)), "starter");
    await ports.ledger.write((tx) => tx.setStarter(handbook, starter));
  }
}

// Parts that cost start-up time or memory are imported when they are first used.

function lazySecrets(): SecretScanner {
  const scanner = once(async () => (await import("./adapters/secretlint-secrets.ts")).secretlintSecrets());
  return { redact: async (text) => (await scanner()).redact(text) };
}

function lazyTokenizer(): Tokenizer {
  const tokenizer = once(async () => (await import("./adapters/gpt-tokenizer.ts")).gptTokenizer());
  return { count: async (text) => (await tokenizer()).count(text) };
}

/** A model that is configured, loaded when it is first asked. */
export function lazyLlm({ name, ...endpoint }: ModelConfig, persistence: Persistence = {}): Llm {
  const llm = once(async () =>
    (await import("./adapters/openai-llm.ts")).openaiLlm({ ...endpoint, ...persistence, model: name }),
  );
  return { model: name, complete: async (...asked) => (await llm()).complete(...asked) };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
