import { copyFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openSqliteLedger } from "../../../src/adapters/sql/sqlite-ledger.ts";
import { recordTrace } from "../../../src/lifecycle/record.ts";
import type { VectorIndex } from "../../../src/ports.ts";
import { hashEmbedder } from "../../hash-embedder.ts";
import { eventually, put, storedIds, upToDate, vectorsAt, wantedIds } from "../../lance.ts";
import { tempDirectory, testPorts } from "../../ports.ts";

const search = (
  vectors: VectorIndex,
  text: string,
  more: Partial<Parameters<VectorIndex["search"]>[0]> = {},
) => vectors.search({ text, handbooks: ["default"], limit: 3, also: [], ...more });

describe("a search", () => {
  test("finds a behavior by its text and by a task that was solved with it, and judges what else it is asked about", async () => {
    await using ports = await testPorts();
    const { trace } = await recordTrace(ports, { task: "Peel seventeen bananas", reasoning: "r" });
    await put(ports.ledger, "behavior_feed_quokka", { instruction: "Feed the quokka.", sources: [trace.id] });
    await put(ports.ledger, "behavior_sing", { instruction: "Sing a song." });
    await put(ports.ledger, "behavior_gone", { instruction: "Peel seventeen bananas." });
    await put(ports.ledger, "behavior_gone", { status: "retired" });
    const vectors = vectorsAt(ports, hashEmbedder());
    await upToDate(ports.ledger, vectors);

    const fed = await search(vectors, "feed quokka. Feed the quokka.", { limit: 1 });
    expect(fed).toMatchObject([{ handbook: "default", name: "behavior_feed_quokka" }]);
    expect(fed?.[0]?.similarity).toBeGreaterThan(0.9);
    const also = ["behavior_sing", "behavior_feed_quokka", "behavior_gone", "behavior_unknown"].map(
      (name) => ({
        handbook: "default",
        name,
      }),
    );
    const peeled = await search(vectors, "Peel seventeen bananas", { limit: 1, also });
    expect(peeled?.map(({ name }) => name)).toEqual(["behavior_feed_quokka", "behavior_sing"]);
    expect(peeled?.[0]?.solved).toBeCloseTo(1);
    expect(peeled?.[0]?.similarity).toBeLessThan(0.9);
    expect(peeled?.[1]).not.toHaveProperty("solved");
    const byOwnText = ["default"]; // others' tasks are not to be known
    const own = await search(vectors, "Peel seventeen bananas", { limit: 2, byOwnText });
    expect(own?.map((neighbor) => [neighbor.name, neighbor.solved])).toEqual(
      own?.toSorted((a, b) => b.similarity - a.similarity).map(({ name }) => [name, undefined]),
    );
    expect(own).toHaveLength(2);
    await vectors.close();
  });

  test("stays in the handbooks and the topic that it is given, whatever is written in their names", async () => {
    await using ports = await testPorts();
    const { ledger } = ports;
    await ledger.write((tx) => tx.addHandbook({ slug: "other", created_at: new Date().toISOString() }));
    await put(ledger, "behavior_here", { topic: "Bird's \"song\" -- \\'" });
    await put(ledger, "behavior_there", { handbook: "other" });
    const vectors = vectorsAt(ports, hashEmbedder());
    await upToDate(ledger, vectors);

    const names = async (more: Parameters<typeof search>[2]) =>
      (await search(vectors, "here and there", more))?.map(({ name }) => name);
    expect(await names({})).toEqual(["behavior_here"]);
    expect(await names({ handbooks: ["default", "other"] })).toHaveLength(2);
    expect(await names({ topic: "bird's \"SONG\" -- \\'" })).toEqual(["behavior_here"]);
    for (const attempt of [
      "x' OR '1'='1",
      "'; DROP TABLE t --",
      "x\\' OR 1=1 --",
      "\0' OR 1=1 --",
      "') OR ('1'='1",
    ]) {
      expect(await names({ topic: attempt }), attempt).toEqual([]);
      expect(await names({ handbooks: [attempt] }), attempt).toEqual([]);
      const also = [
        { handbook: attempt, name: "behavior_there" },
        { handbook: "other", name: attempt },
      ];
      expect(await names({ also }), attempt).toEqual(["behavior_here"]);
    }
    expect(vectors.progress().fault).toBeUndefined();
    await vectors.close();
  });

  test("without an answer in time is undefined, and the late vector serves the next one", async () => {
    await using ports = await testPorts();
    await put(ports.ledger, "behavior_feed_quokka");
    let answer = () => {};
    const slow = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const embedder = hashEmbedder({
      answer: async (vectors, [text]) => {
        if (text === "feed the quokka") await slow;
        return vectors;
      },
    });
    const vectors = vectorsAt(ports, embedder, 300);
    await upToDate(ports.ledger, vectors);
    await eventually(() => search(vectors, "something else"));
    expect(await search(vectors, "feed the quokka")).toBeUndefined();
    answer();
    expect(await eventually(() => search(vectors, "feed the quokka"))).toHaveLength(1);
    expect(embedder.calls.filter(([text]) => text === "feed the quokka")).toHaveLength(1);
    await vectors.close();
  });

  test("does not queue behind an embedder that hangs", async () => {
    await using ports = await testPorts();
    const embedder = hashEmbedder({ answer: () => new Promise(() => {}) });
    const vectors = vectorsAt(ports, embedder, 20);
    for (let i = 0; i < 20; i++) expect(await search(vectors, `text ${i}`)).toBeUndefined();
    expect(embedder.calls.length).toBeLessThan(10);
    await vectors.close();
  });
});

describe("following", () => {
  test("embeds no text twice, and takes out what a behavior has no more", async () => {
    await using ports = await testPorts();
    const { ledger } = ports;
    const embedder = hashEmbedder();
    const vectors = vectorsAt(ports, embedder);
    const follow = async () => {
      await upToDate(ledger, vectors);
      expect(await storedIds(ports, "vectors")).toEqual(await wantedIds(ledger));
      return embedder.calls.splice(0).flat();
    };
    const solve = async (task: string) => (await recordTrace(ports, { task, reasoning: task })).trace.id;
    await put(ledger, "behavior_a", { sources: [await solve("first task")] });
    await put(ledger, "behavior_b");
    expect((await follow()).slice(1).sort()).toEqual([
      "a.  Do behavior_a.",
      "b.  Do behavior_b.",
      "first task",
    ]);
    // The newer task comes first, so the older one moves to another row.
    const second = await solve("second task");
    await ledger.write((tx) => tx.addSources({ handbook: "default", name: "behavior_a" }, [second]));
    expect(await follow()).toEqual(["second task"]);
    await put(ledger, "behavior_b", { reason: "the same text", instruction: "Do behavior_b." });
    expect(await follow()).toEqual([]);
    await put(ledger, "behavior_a", { status: "retired" });
    expect(await follow()).toEqual([]);
    expect(await storedIds(ports, "vectors")).toEqual(["default/behavior_b#0"]);
    await vectors.close();
  });

  test.concurrent("waits for an embedder that is down, loses nothing, and says what is wrong", async () => {
    await using ports = await testPorts();
    let isDown = true;
    const embedder = hashEmbedder({
      answer: (vectors) => {
        if (isDown) throw new Error("refused");
        return vectors;
      },
    });
    await put(ports.ledger, "behavior_a");
    const vectors = vectorsAt(ports, embedder);
    await eventually(async () => vectors.progress().fault);
    expect(await search(vectors, "a")).toBeUndefined();
    expect(vectors.progress()).toMatchObject({ seq: 0, fault: expect.stringContaining("refused") });
    isDown = false;
    await upToDate(ports.ledger, vectors);
    expect(await search(vectors, "a")).toHaveLength(1);
    expect(vectors.progress().fault).toBeUndefined();
    await vectors.close();
  });

  test.concurrent.each([
    ["vectors of another length", (vectors: Float32Array[]) => vectors.map((vector) => vector.slice(1))],
    ["numbers that are none", (vectors: Float32Array[]) => vectors.map((vector) => vector.fill(Number.NaN))],
    ["too few vectors", (vectors: Float32Array[]) => vectors.slice(1)],
  ])("refuses %s and goes on where it was when they are right again", async (_, spoil) => {
    await using ports = await testPorts();
    await put(ports.ledger, "behavior_a");
    let isSpoilt = false;
    const embedder = hashEmbedder({ answer: (vectors) => (isSpoilt ? spoil(vectors) : vectors) });
    const vectors = vectorsAt(ports, embedder);
    await upToDate(ports.ledger, vectors);
    isSpoilt = true;
    await put(ports.ledger, "behavior_b");
    const fault = await eventually(async () => vectors.progress().fault);
    expect(fault).toMatch(/^EMBEDDER_BAD_OUTPUT/);
    expect(await storedIds(ports, "vectors")).toEqual(["default/behavior_a#0"]);
    expect(await search(vectors, "a new question")).toBeUndefined();
    isSpoilt = false;
    await upToDate(ports.ledger, vectors);
    expect(await storedIds(ports, "vectors")).toEqual(["default/behavior_a#0", "default/behavior_b#0"]);
    await vectors.close();
  });

  test("is not stopped by one text that the model makes nothing of", async () => {
    await using ports = await testPorts();
    for (const name of ["behavior_a", "behavior_poison", "behavior_z"]) await put(ports.ledger, name);
    const embedder = hashEmbedder({
      answer: (vectors, texts) =>
        vectors.map((vector, i) => (texts[i]?.includes("poison") ? vector.fill(Number.NaN) : vector)),
    });
    const vectors = vectorsAt(ports, embedder);
    await upToDate(ports.ledger, vectors);
    const found = await search(vectors, "anything", { limit: 10 });
    expect(found?.map(({ name }) => name).sort()).toEqual(["behavior_a", "behavior_z"]);
    await vectors.close();
  });
});

describe("a new table", () => {
  test("of another model is built while the old one still answers where the old model is", async () => {
    await using ports = await testPorts();
    for (let i = 0; i < 5; i++) await put(ports.ledger, `behavior_n${i}`);
    const old = vectorsAt(ports, hashEmbedder());
    await upToDate(ports.ledger, old);
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const embedder = hashEmbedder({
      model: "hash-2",
      dimension: 32,
      answer: async (vectors, texts) => {
        if (texts.some((text) => text.includes("behavior_n"))) await held;
        return vectors;
      },
    });
    const changed = vectorsAt(ports, embedder, 300);
    await eventually(async () => embedder.calls.some(([text]) => text?.includes("behavior_n")));
    expect(await search(changed, "n3. Do behavior_n3.")).toBeUndefined();
    expect(await search(old, "n3. Do behavior_n3.")).toMatchObject([{ name: "behavior_n3" }, {}, {}]);
    goOn();
    await upToDate(ports.ledger, changed);
    expect(changed.progress().model).toBe("hash-2");
    expect(await eventually(() => search(changed, "n3. Do behavior_n3."))).toMatchObject([
      { name: "behavior_n3" },
      {},
      {},
    ]);
    await put(ports.ledger, "behavior_later"); // and both go on, each with its own model
    await upToDate(ports.ledger, old);
    await upToDate(ports.ledger, changed);
    for (const vectors of [old, changed])
      expect((await search(vectors, "later. Do behavior_later."))?.[0]?.name).toBe("behavior_later");
    await changed.close();
    await old.close();
  });

  test("is made when the same model's vectors have another length", async () => {
    await using ports = await testPorts();
    await put(ports.ledger, "behavior_a");
    const before = vectorsAt(ports, hashEmbedder());
    await upToDate(ports.ledger, before);
    await before.close();
    await put(ports.ledger, "behavior_b");
    const after = vectorsAt(ports, hashEmbedder({ dimension: 16 }));
    const found = await eventually(async () => {
      const neighbors = await search(after, "a and b");
      return neighbors?.length === 2 && neighbors;
    });
    expect(found).toBeDefined();
    const published = (await ports.ledger.indexGenerations("vectors")).at(-1);
    expect(published).toMatchObject({ dimension: 16, published_at: expect.any(String) });
    await after.close();
  });

  test("that one process builds anew is read by the others", async () => {
    await using ports = await testPorts();
    await put(ports.ledger, "behavior_a");
    const other = await openSqliteLedger(join(ports.path, "handbook.sqlite"));
    const reader = vectorsAt({ ledger: other, path: ports.path }, hashEmbedder());
    await upToDate(other, reader);
    const builder = vectorsAt(ports, hashEmbedder());
    const [first] = await ports.ledger.indexGenerations("vectors");
    const rebuilt = await builder.rebuild(() => {});
    expect(rebuilt.rows).toBe(1);
    const last = (await ports.ledger.indexGenerations("vectors")).at(-1);
    expect(rebuilt.table).toBe(last?.table);
    expect(last?.generation).toBeGreaterThan(first?.generation ?? 0);
    await put(ports.ledger, "behavior_b");
    await eventually(async () => (await search(reader, "b. Do behavior_b."))?.[0]?.name === "behavior_b");
    await builder.close();
    await reader.close();
    await other.close();
  });

  test("takes the place of one that somebody deleted", async () => {
    await using ports = await testPorts();
    await put(ports.ledger, "behavior_a");
    const find = async () => {
      const vectors = vectorsAt(ports, hashEmbedder());
      const found = await eventually(() => search(vectors, "a"));
      await vectors.close();
      return found;
    };
    expect(await find()).toHaveLength(1);
    rmSync(join(ports.path, "lancedb"), { recursive: true });
    expect(await find()).toHaveLength(1);
  });

  test.concurrent("takes the place of one that has lost a file, and of no other", async () => {
    await using ports = await testPorts();
    const { ledger, path } = ports;
    await put(ledger, "behavior_a");
    const before = vectorsAt(ports, hashEmbedder());
    await upToDate(ledger, before);
    await before.close();
    const files = readdirSync(join(path, "lancedb"), { recursive: true, encoding: "utf8" });
    for (const file of files.filter((name) => /data.[^/\\]+\.lance$/.test(name)))
      rmSync(join(path, "lancedb", file));
    const vectors = vectorsAt(ports, hashEmbedder());
    expect(await search(vectors, "a")).toBeUndefined();
    expect(vectors.progress().fault).toContain("Not found");
    await eventually(async () => (await search(vectors, "a"))?.length === 1, 30_000);
    await put(ledger, "behavior_b");
    await upToDate(ledger, vectors);
    expect(await ledger.indexGenerations("vectors")).toHaveLength(2); // the former one is kept for a minute
    await vectors.close();
  });

  test("takes the place of one that is ahead of the ledger, which was put back from a copy", async () => {
    using directory = tempDirectory();
    const { path } = directory;
    const file = join(path, "handbook.sqlite");
    const live = async (...behaviors: [name: string, instruction: string][]) => {
      const ledger = await openSqliteLedger(file);
      const vectors = vectorsAt({ ledger, path }, hashEmbedder());
      for (const [name, instruction] of behaviors) await put(ledger, name, { instruction });
      await upToDate(ledger, vectors);
      expect(await eventually(() => search(vectors, "any", { limit: 9 }))).toHaveLength(
        await ledger.behaviorCount(),
      );
      expect(await storedIds({ ledger, path }, "vectors")).toEqual(await wantedIds(ledger));
      const [nearest] = (await search(vectors, behaviors.at(-1)?.[1] ?? "", { limit: 1 })) ?? [];
      await vectors.close();
      await ledger.close();
      return nearest;
    };
    await live(["behavior_a", "Sing a song."]);
    copyFileSync(file, `${file}.backup`);
    await live(
      ["behavior_a", "Wording that is lost."],
      ["behavior_b", "Lost."],
      ["behavior_c", "Lost, too."],
    );
    copyFileSync(`${file}.backup`, file);
    const nearest = await live(["behavior_a", "Peel seventeen bananas."]);
    expect(nearest?.similarity).toBeGreaterThan(0.8);
  });

  test("is made for a new ledger in the place of an old one, whose tables are still there", async () => {
    using directory = tempDirectory();
    const { path } = directory;
    for (const name of ["behavior_old", "behavior_new"]) {
      for (const end of ["", "-wal", "-shm"]) rmSync(join(path, `handbook.sqlite${end}`), { force: true });
      const ledger = await openSqliteLedger(join(path, "handbook.sqlite"));
      await put(ledger, name);
      const vectors = vectorsAt({ ledger, path }, hashEmbedder());
      await upToDate(ledger, vectors);
      expect(await storedIds({ ledger, path }, "vectors")).toEqual([`default/${name}#0`]);
      await vectors.close();
      await ledger.close();
    }
  });
});
