import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { openSqliteLedger } from "../../../src/adapters/sql/sqlite-ledger.ts";
import { tempDirectory, testPorts } from "../../ports.ts";

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);
const TTL_MS = 10_000;

describe("a lease", () => {
  test("is with one holder at a time, and who comes after it has a greater epoch", async () => {
    await using ports = await testPorts();
    const take = (holder: string, when: Date) =>
      ports.ledger.write((tx) => tx.takeLease("vectors", holder, when, TTL_MS));
    const first = await take("a", at(0));
    expect(first).toEqual({ name: "vectors", holder: "a", epoch: 1 });
    expect(await take("b", at(9))).toBeUndefined();
    expect(await take("a", at(9))).toEqual(first); // kept until second 19
    expect(await take("b", at(18))).toBeUndefined();
    expect(await take("b", at(19))).toMatchObject({ holder: "b", epoch: 2 });
    expect(await take("a", at(20))).toBeUndefined();
  });

  test("that is released is free at once, and a release by a former holder changes nothing", async () => {
    await using ports = await testPorts();
    const { ledger } = ports;
    const take = (holder: string) => ledger.write((tx) => tx.takeLease("vectors", holder, at(0), TTL_MS));
    const first = await take("a");
    if (first === undefined) throw new Error("nobody else has it");
    await ledger.write((tx) => tx.releaseLease(first, at(0)));
    expect(await take("b")).toMatchObject({ epoch: 2 });
    await ledger.write((tx) => tx.releaseLease(first, at(0)));
    expect(await take("c")).toBeUndefined();
  });

  test("that many ask for at once goes to one", async () => {
    await using ports = await testPorts();
    const other = await ports.another();
    const asked = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? ports.ledger : other).write((tx) => tx.takeLease("texts", `p${i}`, at(0), TTL_MS)),
      ),
    );
    await other.close();
    expect(asked.filter((lease) => lease !== undefined)).toHaveLength(1);
  });
});

describe("a generation", () => {
  test("is moved on and published by the holder of the lease only", async () => {
    await using ports = await testPorts();
    const { ledger } = ports;
    const take = (holder: string, when: Date) =>
      ledger.write((tx) => tx.takeLease("vectors", holder, when, TTL_MS));
    const former = await take("a", at(0));
    const { generation } = await ledger.write((tx) => tx.addGeneration("vectors", "m"));
    const holder = await take("b", at(11));
    if (former === undefined || holder === undefined) throw new Error("both have had it");

    const stale = await ledger.write(async (tx) => [
      await tx.claimGeneration(generation, 8, former),
      await tx.advanceIndex(generation, 0, 5, former),
      await tx.publishGeneration(generation, at(12), former),
    ]);
    expect(stale).toEqual([false, false, false]);
    const fresh = await ledger.write(async (tx) => [
      await tx.claimGeneration(generation, 8, holder),
      await tx.advanceIndex(generation, 0, 5, holder),
      await tx.publishGeneration(generation, at(12), holder),
    ]);
    expect(fresh).toEqual([true, true, true]);
    expect(await ledger.indexGenerations("vectors")).toEqual([
      {
        generation,
        index: "vectors",
        model: "m",
        table: expect.stringMatching(/^vectors_g1_[0-9a-f]{8}$/),
        dimension: 8,
        epoch: 2,
        watermark: 5,
        published_at: at(12).toISOString(),
      },
    ]);
  });

  test("moves on from where it stands only, and back from anywhere", async () => {
    await using ports = await testPorts();
    const { ledger } = ports;
    const lease = await ledger.write((tx) => tx.takeLease("texts", "a", at(0), TTL_MS));
    if (lease === undefined) throw new Error("nobody else has it");
    const { generation } = await ledger.write((tx) => tx.addGeneration("texts", ""));
    const advance = (from: number, to: number) =>
      ledger.write((tx) => tx.advanceIndex(generation, from, to, lease));
    expect(await advance(0, 7)).toBe(true);
    expect(await advance(0, 9)).toBe(false);
    await ledger.write((tx) => tx.setBackIndex(generation, 3));
    await ledger.write((tx) => tx.setBackIndex(generation, 5)); // it stands before that
    expect(await ledger.indexGenerations("texts")).toMatchObject([{ watermark: 3 }]);
    expect(await advance(3, 9)).toBe(true);
  });

  test("never has the number of one that was dropped", async () => {
    await using ports = await testPorts();
    const add = () => ports.ledger.write((tx) => tx.addGeneration("vectors", "m"));
    const first = await add();
    await ports.ledger.write((tx) => tx.dropGeneration(first.generation));
    expect((await add()).generation).toBe(first.generation + 1);
    expect(await ports.ledger.indexGenerations()).toHaveLength(1);
  });
});

test("leases that nobody has held for a while are known", async () => {
  await using ports = await testPorts();
  await ports.ledger.write((tx) => tx.takeLease("held", "a", at(0), TTL_MS));
  const unheld = (since: Date) => ports.ledger.unheldLeases(["held", "never"], since.toISOString());
  expect(await unheld(at(5))).toEqual(["never"]);
  expect(await unheld(at(15))).toEqual(["held", "never"]);
});

test("a ledger of the first version is brought up to date by several at once, and keeps what it holds", async () => {
  using directory = tempDirectory();
  const path = join(directory.path, "handbook.sqlite");
  const before = await openSqliteLedger(path);
  await before.write((tx) => tx.addHandbook({ slug: "old", created_at: at(0).toISOString() }));
  await before.close();
  const file = new DatabaseSync(path);
  file.exec(`drop table leases; drop table index_generations;
    delete from counters where name = 'index generations';
    drop table draws; drop table contaminations; drop table lifts; drop table secrets; drop table api_keys; drop table learning_queue;
    alter table traces drop column license; alter table behavior_revisions drop column source;
    alter table traces drop column report_tokens; alter table outcome_reports drop column agent;
    alter table reflections drop column input_tokens; alter table reflections drop column output_tokens;
    delete from kysely_migration where name > '0001-nouns'`);
  file.close();
  const opened = await Promise.all(Array.from({ length: 6 }, () => openSqliteLedger(path)));
  for (const ledger of opened) {
    expect(await ledger.handbook("old")).toBeDefined();
    expect(await ledger.indexGenerations()).toEqual([]);
    await ledger.close();
  }
});
