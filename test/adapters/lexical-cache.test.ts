import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { memoryIndex } from "../../src/adapters/memory-index.ts";
import type { BehaviorChanges, IndexDocument } from "../../src/ports.ts";
import { lexicalRules } from "../../src/rules/lexical.ts";
import { tempDirectory } from "../ports.ts";

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

type Ledger = ReturnType<typeof ledgerOf>;

async function answers(ledger: Ledger, path?: string, name = "one") {
  const index = memoryIndex(
    ledger,
    lexicalRules,
    path === undefined ? {} : { cache: { path, ledger: name } },
  );
  const found: unknown[] = [];
  for (const text of ["polish the lens", "grüße aus 東京", "river of old stone 17"])
    for (const topic of [undefined, "optics"])
      found.push(await index.search({ text, handbooks: ["default", "team"], limit: 20, topic }));
  await index.close();
  return found;
}

test("what is read from the copy answers exactly as what was built, and only the rest is read", async () => {
  using directory = tempDirectory();
  const path = join(directory.path, "cache", "lexical.bin");
  const ledger = ledgerOf(500);
  const built = await answers(ledger, path);
  ledger.readFrom.length = 0;
  expect(await answers(ledger, path)).toEqual(built);
  expect(ledger.readFrom).toEqual([500]);

  const grown = ledgerOf(520);
  expect(await answers(grown, path)).toEqual(await answers(ledgerOf(520)));
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
  using directory = tempDirectory();
  const path = join(directory.path, "lexical.bin");
  const ledger = ledgerOf(500);
  const built = await answers(ledger, path);
  damage(path);
  ledger.readFrom.length = 0;
  expect(await answers(ledger, path)).toEqual(built);
  expect(ledger.readFrom[0]).toBe(0);
  ledger.readFrom.length = 0;
  await answers(ledger, path);
  expect(ledger.readFrom).toEqual([500]);
});

test("a copy of another ledger, or of one that was put back to an earlier state, is not used", async () => {
  using directory = tempDirectory();
  const path = join(directory.path, "lexical.bin");
  await answers(ledgerOf(500), path);
  const other = ledgerOf(500);
  await answers(other, path, "two");
  expect(other.readFrom[0]).toBe(0);
  const earlier = ledgerOf(400);
  expect(await answers(earlier, path, "two")).toEqual(await answers(ledgerOf(400)));
  expect(earlier.readFrom[0]).toBe(0);
});

test("a directory that cannot be written costs the copy, not the answer", async () => {
  using directory = tempDirectory();
  writeFileSync(join(directory.path, "file"), "");
  const path = join(directory.path, "file", "lexical.bin");
  expect(await answers(ledgerOf(500), path)).toEqual(await answers(ledgerOf(500)));
});

test("several processes write it at once and none leaves a half one behind", async () => {
  using directory = tempDirectory();
  const path = join(directory.path, "lexical.bin");
  await Promise.all(Array.from({ length: 6 }, () => answers(ledgerOf(500), path)));
  expect(readdirSync(directory.path)).toEqual(["lexical.bin"]);
  const ledger = ledgerOf(500);
  await answers(ledger, path);
  expect(ledger.readFrom).toEqual([500]);
});
