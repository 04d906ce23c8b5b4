import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { monotonicFactory } from "ulid";
import { HandbookFile } from "./adapters/handbook-json-reader.ts";
import type { Config } from "./config.ts";
import { DEFAULT_HANDBOOK } from "./model/handbook.ts";
import type { Llm, Ports, SecretScanner, Tokenizer } from "./ports.ts";
import { VERSION } from "./version.ts";

/** The program, put together. The only place that knows every part. */
export interface App {
  readonly config: Config;
  /** The ports, opened at the first call; a failure is tried again at the next one. */
  ports(): Promise<Ports>;
  /** Counts `work` as under way until it settles, so that `idle` and `close` wait for it. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Settles when nothing is under way. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Wires the parts. Returns at once: opening the ledger, loading the starters and building the index wait for the
 * first call of `ports`, so that a client gets its first answer before any of it.
 */
export function createApp(config: Config): App {
  let opening: Promise<Opened> | undefined;
  const underWay = new Set<Promise<unknown>>();
  const idle = async () => {
    while (underWay.size > 0) await Promise.allSettled(underWay);
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
      opening ??= open(config).catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return opening.then(({ ports }) => ports);
    },
    async close() {
      await idle();
      const opened = await opening?.catch(() => undefined);
      opening = undefined;
      await opened?.close();
    },
  };
}

interface Opened {
  ports: Ports;
  close(): Promise<void>;
}

async function open(config: Config): Promise<Opened> {
  const [{ openSqliteLedger }, { memoryIndex }, terms, bm25f] = await Promise.all([
    import("./adapters/sqlite-ledger.ts"),
    import("./adapters/memory-index.ts"),
    import("./rules/terms.ts"),
    import("./rules/bm25f.ts"),
  ]);
  const ledger = await openSqliteLedger(config.ledgerPath);
  const created = (await ledger.handbook(DEFAULT_HANDBOOK))?.created_at ?? "";
  const index = memoryIndex(
    ledger,
    { ...terms, ...bm25f },
    { cache: { path: join(config.home, "cache", "lexical.bin"), ledger: created } },
  );
  const ports: Ports = {
    ledger,
    index,
    ...(config.model && { llm: lazyLlm(config.model) }),
    secrets: lazySecrets(),
    tokenizer: lazyTokenizer(),
    now: () => new Date(),
    newId: monotonicFactory(),
    settings: { reflectionTokens: config.reflectionTokens, starters: config.starters },
  };
  try {
    if (config.starters) await loadStarters(ports);
  } catch (error) {
    await ledger.close();
    throw error;
  }
  index.warm().catch(() => {}); // the first search builds again and reports what is wrong
  return {
    ports,
    async close() {
      await index.close();
      await ledger.close();
    },
  };
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

function lazyLlm({ name, ...endpoint }: NonNullable<Config["model"]>): Llm {
  const llm = once(async () =>
    (await import("./adapters/openai-llm.ts")).openaiLlm({ ...endpoint, model: name }),
  );
  return { model: name, complete: async (messages) => (await llm()).complete(messages) };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
