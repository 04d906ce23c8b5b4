import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monotonicFactory } from "ulid";
import { gptTokenizer } from "../src/adapters/gpt-tokenizer.ts";
import { memoryIndex } from "../src/adapters/memory-index.ts";
import { secretlintSecrets } from "../src/adapters/secretlint-secrets.ts";
import { openSqliteLedger } from "../src/adapters/sqlite-ledger.ts";
import type { Llm, Ports, Settings } from "../src/ports.ts";
import { lexicalRules } from "../src/rules/lexical.ts";

export interface TestPorts extends Ports, AsyncDisposable {
  path: string;
}

/** A fresh directory that goes away with the test. */
export function tempDirectory(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "handbook-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The real parts on a fresh directory, without starters. Ids and times are real too: tests never depend on them. */
export async function testPorts(
  options: { llm?: Llm; settings?: Partial<Settings> } = {},
): Promise<TestPorts> {
  const directory = tempDirectory();
  const ledger = await openSqliteLedger(join(directory.path, "handbook.sqlite"));
  return {
    path: directory.path,
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
