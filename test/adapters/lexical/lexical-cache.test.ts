import { copyFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { type MemoryIndexOptions, memoryIndex } from "../../../src/adapters/lexical/memory-index.ts";
import { openSqliteLedger } from "../../../src/adapters/sql/sqlite-ledger.ts";
import type { BehaviorChanges, IndexDocument, Ledger, LedgerReads } from "../../../src/ports.ts";
import { lexicalRules } from "../../../src/rules/lexical.ts";
import { put } from "../../lance.ts";
import { tempDirectory, testPorts } from "../../ports.ts";

const words = ["polish", "lens", "river", "stone", "cloud", "lamp", "grüße", "東京"];

/** A ledger of `count` behaviors that tells from where on it was read. */
function ledgerOf(count: number) {
  const documents = Array.from(
    { length: count },
    (_, i): IndexDocument => ({
      handbook: i % 3 === 0 ? "team" : "default",
      name: `behavior_${words[i % 8]}_${i}`,
      status: i % 10 === 9 ? "retired" : "active",
      when: `${words[(i * 5) % 8]} ${words[(i * 3) % 8]}`,
      instruction: `${words[(i * 7) % 8]} number ${i}`,
      keywords: [],
      topic: i % 2 === 0 ? "Optics" : undefined,
      solved_tasks: i % 4 === 0 ? [`${words[(i + 1) % 8]} of old`] : [],
    }),
  );
  const readFrom: number[] = [];
  return {
    documents,
    readFrom,
    headSeq: async () => documents.length,
    async changedBehaviors(after: number, limit: number): Promise<BehaviorChanges> {
      readFrom.push(after);
      const page = documents.slice(after, after + limit);
      return { seq: after + page.length, documents: page };
    },
  };
}

type Source = Pick<LedgerReads, "changedBehaviors" | "headSeq">;
type Cache = NonNullable<MemoryIndexOptions["cache"]>;

async function answers(ledger: Source, cache?: Cache) {
  const index = memoryIndex(ledger, lexicalRules, cache && { cache });
  const found: unknown[] = [];
  for (const text of ["polish the lens", "grüße aus 東京", "river of old stone 17"])
    for (const topic of [undefined, "optics"])
      found.push(await index.search({ text, handbooks: ["default", "team"], limit: 20, topic }));
  await index.close();
  return found;
}

test("what is read from the copy answers exactly as what was built, and only the rest is read", async () => {
  await using ports = await testPorts();
  const cache = { path: join(ports.path, "cache", "lexical.bin"), ledger: ports.ledger };
  const ledger = ledgerOf(500);
  const built = await answers(ledger, cache);
  ledger.readFrom.length = 0;
  expect(await answers(ledger, cache)).toEqual(built);
  expect(ledger.readFrom).toEqual([500]);

  const grown = ledgerOf(520);
  expect(await answers(grown, cache)).toEqual(await answers(ledgerOf(520)));
  expect(grown.readFrom).toEqual([500]);
});

test.each([
  ["is torn", (path: string) => truncateSync(path, readFileSync(path).length - 100)],
  ["is empty", (path: string) => writeFileSync(path, "")],
  ["is something else", (path: string) => writeFileSync(path, "x".repeat(5000))],
  [
    "has one wrong byte",
    (path: string) => {
      const bytes = readFileSync(path);
      bytes[bytes.length - 1000] = (bytes[bytes.length - 1000] as number) ^ 1;
      writeFileSync(path, bytes);
    },
  ],
])("a copy that %s is built anew", async (_, damage) => {
  await using ports = await testPorts();
  const cache = { path: join(ports.path, "cache", "lexical.bin"), ledger: ports.ledger };
  const ledger = ledgerOf(500);
  const built = await answers(ledger, cache);
  damage(cache.path);
  ledger.readFrom.length = 0;
  expect(await answers(ledger, cache)).toEqual(built);
  expect(ledger.readFrom[0]).toBe(0);
  ledger.readFrom.length = 0;
  await answers(ledger, cache);
  expect(ledger.readFrom).toEqual([500]);
});

test("a copy of another ledger is not used, and does not stay", async () => {
  await using ports = await testPorts();
  await using other = await testPorts();
  const cache = { path: join(ports.path, "cache", "lexical.bin"), ledger: ports.ledger };
  await answers(ledgerOf(500), cache);
  const few = ledgerOf(50);
  expect(await answers(few, { ...cache, ledger: other.ledger })).toEqual(await answers(ledgerOf(50)));
  expect(few.readFrom[0]).toBe(0);
  expect(existsSync(cache.path)).toBe(false);
});

test("after an older copy of the ledger was put back and has grown further, nothing of the lost time is found", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, "handbook.sqlite");
  const live = async (work: (ledger: Ledger) => Promise<void>) => {
    const ledger = await openSqliteLedger(file);
    await work(ledger);
    await ledger.close();
  };
  const addAll = async (ledger: Ledger, word: string) => {
    for (let i = 0; i < 210; i++)
      await put(ledger, `behavior_${word}${i}`, { instruction: `Peel a ${word}.` });
  };
  const find = async (ledger: Ledger, text: string) => {
    const cache = { path: join(directory.path, "lexical.bin"), ledger };
    const index = memoryIndex(ledger, lexicalRules, { cache });
    const { hits } = await index.search({ text, handbooks: ["default"], limit: 1000 });
    await index.close();
    return hits.length;
  };
  await live(async (ledger) => {
    await addAll(ledger, "apple");
    expect(await find(ledger, "apple")).toBe(210); // and this copy the older ledger knows, but it is overwritten
  });
  copyFileSync(file, `${file}.backup`);
  await live(async (ledger) => {
    await addAll(ledger, "banana");
    expect(await find(ledger, "banana")).toBe(210);
  });
  copyFileSync(`${file}.backup`, file);
  await live(async (ledger) => {
    await addAll(ledger, "cherry");
    await put(ledger, "behavior_last");
    expect(await find(ledger, "cherry")).toBe(210);
    expect(await find(ledger, "banana")).toBe(0);
    expect(await find(ledger, "apple")).toBe(210);
  });
});

test("a directory that cannot be written costs the copy, not the answer", async () => {
  await using ports = await testPorts();
  writeFileSync(join(ports.path, "file"), "");
  const cache = { path: join(ports.path, "file", "lexical.bin"), ledger: ports.ledger };
  expect(await answers(ledgerOf(500), cache)).toEqual(await answers(ledgerOf(500)));
});

test("several processes write it at once and none leaves a half one behind", async () => {
  await using ports = await testPorts();
  const cache = { path: join(ports.path, "cache", "lexical.bin"), ledger: ports.ledger };
  await Promise.all(Array.from({ length: 6 }, () => answers(ledgerOf(500), cache)));
  expect(readdirSync(dirname(cache.path))).toEqual(["lexical.bin"]);
  const ledger = ledgerOf(500);
  await answers(ledger, cache);
  expect(ledger.readFrom).toEqual([500]);
});
