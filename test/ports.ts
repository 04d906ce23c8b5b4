import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monotonicFactory } from "ulid";
import { inject } from "vitest";
import { gptTokenizer } from "../src/adapters/gpt-tokenizer.ts";
import { memoryIndex } from "../src/adapters/lexical/memory-index.ts";
import { secretlintSecrets } from "../src/adapters/secretlint-secrets.ts";
import type { Llm } from "../src/ports/models.ts";
import type { Ledger, Ports, Settings } from "../src/ports.ts";
import { lexicalRules } from "../src/rules/lexical.ts";
import { openLedger } from "./open-ledger.ts";
import { serverAt } from "./postgres.ts";

export interface TestPorts extends Ports, AsyncDisposable {
  path: string;
  /** Opens the same ledger once more, as another process would. */
  another(): Promise<Ledger>;
}

/** A fresh directory that goes away with the test. */
export function tempDirectory(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "handbook-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** A ledger that is not made yet: in a schema of the run's PostgreSQL where it has one, else in a file. */
export async function freshLedger(directory: string): Promise<string> {
  const url = inject("postgres");
  if (!url) return join(directory, "handbook.sqlite");
  const server = serverAt(new URL(url).port);
  const schema = `s${monotonicFactory()()}`.toLowerCase();
  await server.run(`create schema ${schema}`);
  return server.url({ schema });
}

/** The real parts on a fresh directory, without starters. Ids and times are real too: tests never depend on them. */
export async function testPorts(
  options: { llm?: Llm; settings?: Partial<Settings> } = {},
): Promise<TestPorts> {
  const directory = tempDirectory();
  const address = await freshLedger(directory.path);
  const ledger = await openLedger(address);
  return {
    path: directory.path,
    another: () => openLedger(address),
    ledger,
    index: memoryIndex(ledger, lexicalRules),
    ...(options.llm && { llm: options.llm }),
    secrets: secretlintSecrets(),
    tokenizer: gptTokenizer(),
    now: () => new Date(),
    newId: monotonicFactory(),
    settings: { reflectionTokens: 6000, starters: false, holdout: 0, withhold: 0, ...options.settings },
    async [Symbol.asyncDispose]() {
      await ledger.close();
      directory[Symbol.dispose]();
    },
  };
}
