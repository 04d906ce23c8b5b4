import { describe, expect, test } from "vitest";
import { recordTrace } from "../../../src/lifecycle/record.ts";
import type { Behavior } from "../../../src/model/behavior.ts";
import type { Ledger } from "../../../src/ports.ts";
import { openLedger } from "../../open-ledger.ts";
import { freshLedger, tempDirectory, testPorts } from "../../ports.ts";
import { startWriter } from "../../writers.ts";

// What every ledger promises. It runs once for each of them: see the projects in vitest.config.ts.

const quokka = (change: Partial<Behavior> = {}): Behavior => ({
  handbook: "default",
  name: "behavior_feed_the_quokka",
  revision: 1,
  status: "active",
  instruction: "Feed it.",
  when: "",
  keywords: [],
  provenance: { author: "import", trace_ids: [] },
  reason: "",
  created_at: new Date().toISOString(),
  ...change,
});

/** The traces that a ledger holds, looked at by a process that comes later. */
async function stored(address: string): Promise<Set<string>> {
  const ledger = await openLedger(address);
  expect(await ledger.check()).toEqual([]);
  const traces = await ledger.recentTraces(100_000);
  await ledger.close();
  return new Set(traces.map(({ id }) => id));
}

describe("several processes", () => {
  test("that start at once on a fresh ledger all migrate it and keep every trace", async () => {
    using directory = tempDirectory();
    const address = await freshLedger(directory.path);
    const writers = Array.from({ length: 6 }, () => startWriter(address, 20));
    for (const { ended } of writers) expect((await ended)[0]).toBe(0);
    const kept = await stored(address);
    expect(kept.size).toBe(6 * 20);
    for (const { acknowledged } of writers) for (const id of acknowledged) expect(kept.has(id)).toBe(true);
  });

  test("that are killed in the midst of writing lose nothing they acknowledged", async () => {
    using directory = tempDirectory();
    const address = await freshLedger(directory.path);
    for (let round = 0; round < 4; round++) {
      const writer = startWriter(address, 100_000);
      while (writer.acknowledged.length < 5 + 7 * round)
        await new Promise((resolve) => setTimeout(resolve, 3));
      writer.child.kill("SIGKILL");
      await writer.ended;
      const kept = await stored(address);
      for (const id of writer.acknowledged) expect(kept.has(id)).toBe(true);
    }
  });

  test("see each other's commits at the next search", async () => {
    await using ports = await testPorts();
    const other = await ports.another();
    const search = () => ports.index.search({ text: "quokka", handbooks: ["default"], limit: 5 });
    expect((await search()).hits).toEqual([]);
    await other.write((tx) => tx.addRevision(quokka()));
    expect((await search()).hits).toMatchObject([{ name: "behavior_feed_the_quokka" }]);
    await other.write((tx) => tx.addRevision(quokka({ revision: 2, status: "retired" })));
    expect((await search()).hits).toEqual([]);
    await other.close();
  });

  test("that revise one behavior at once lose no revision, and each sees the one before", async () => {
    await using ports = await testPorts();
    const others = await Promise.all([ports.another(), ports.another()]);
    const ledgers = [ports.ledger, ...others];
    const revise = (ledger: Ledger) =>
      ledger.write(async (tx) => {
        const current = await tx.behavior(quokka());
        const revision = (current?.revision ?? 0) + 1;
        await tx.addRevision(quokka({ revision, reason: `after ${current?.revision ?? "none"}` }));
        return revision;
      });
    const told = await Promise.all(
      Array.from({ length: 30 }, (_, i) => revise(ledgers[i % ledgers.length] ?? ports.ledger)),
    );
    const wanted = Array.from({ length: 30 }, (_, i) => i + 1);
    expect(told.toSorted((a, b) => a - b)).toEqual(wanted);
    const revisions = await ports.ledger.revisions(quokka());
    expect(revisions.map(({ revision }) => revision)).toEqual(wanted);
    expect(revisions.map(({ reason }) => reason)).toEqual(wanted.map((i) => `after ${i - 1 || "none"}`));
    expect(await ports.ledger.headSeq()).toBe(30); // a number per change, none twice and none left out
    for (const other of others) await other.close();
  });

  test("that record the same attempt at once keep one", async () => {
    await using ports = await testPorts();
    const other = await ports.another();
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        recordTrace(i % 2 === 0 ? ports : { ...ports, ledger: other }, { task: "t", reasoning: "r" }),
      ),
    );
    expect(new Set(results.map(({ trace }) => trace.id)).size).toBe(1);
    expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
    await other.close();
  });
});

test("a transaction that fails leaves nothing behind", async () => {
  await using ports = await testPorts();
  const work = ports.ledger.write(async (tx) => {
    await tx.addHandbook({ slug: "half", created_at: new Date().toISOString() });
    throw new Error("changed my mind");
  });
  await expect(work).rejects.toThrow("changed my mind");
  expect(await ports.ledger.handbook("half")).toBeUndefined();
});

test("two transactions of one process do not mix", async () => {
  await using ports = await testPorts();
  const record = (i: number) => recordTrace(ports, { task: `t${i}`, reasoning: "r" });
  const results = await Promise.all(Array.from({ length: 25 }, (_, i) => record(i)));
  expect(new Set(results.map(({ trace }) => trace.id)).size).toBe(25);
  expect(await ports.ledger.recentTraces(100)).toHaveLength(25);
});

test("text is kept as it is and sorts by its bytes", async () => {
  await using ports = await testPorts();
  const slugs = ["Zebra", "apple", "a-b", "a_b", "ab", "Äpfel", "zoo", "日本", "🦘"];
  await ports.ledger.write(async (tx) => {
    for (const slug of slugs) await tx.addHandbook({ slug, created_at: "now", description: `'";\\ ${slug}` });
  });
  const kept = (await ports.ledger.handbooks()).filter(({ slug }) => slug !== "default");
  expect(kept.map(({ slug }) => slug)).toEqual(
    slugs.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
  for (const { slug, description } of kept) expect(description).toBe(`'";\\ ${slug}`);
});

const AT = "2026-01-01T00:00:00.000Z";

test("all traces are read page by page, with what tells how they were made", async () => {
  await using ports = await testPorts();
  await ports.ledger.write((tx) => tx.addRevision(quokka()));
  const ids: string[] = [];
  for (let i = 0; i < 5; i++) {
    const id = ports.newId();
    const served = i % 2 === 0 ? [{ handbook: "default", name: quokka().name, revision: 1, score: 1 }] : [];
    const use = { id, episode_id: id, handbook: "default", task: "t", withheld: [], created_at: AT };
    await ports.ledger.write((tx) => tx.addUse({ ...use, arm: "served", served }));
    const { trace } = await recordTrace(ports, { task: `t${i}`, reasoning: "r", use_id: id, license: "MIT" });
    ids.push(trace.id);
  }
  await recordTrace(ports, { task: "other", reasoning: "r", handbook: "other" });
  const filter = { handbook: "default", since: AT };
  const first = await ports.ledger.tracesAfter("", 3, filter);
  const second = await ports.ledger.tracesAfter(first.at(-1)?.id ?? "", 3, filter);
  expect([...first, ...second].map(({ id, wasServed }) => [id, wasServed])).toEqual(
    ids.map((id, i) => [id, i % 2 === 0]),
  );
  expect(await ports.ledger.tracesAfter("", 10, { since: "2999-01-01T00:00:00.000Z" })).toEqual([]);
  expect(await ports.ledger.traces(ids.slice(0, 1))).toMatchObject([{ license: "MIT" }]);
});

test("numbers are numbers, large and broken ones too", async () => {
  await using ports = await testPorts();
  await recordTrace(ports, { task: "t", reasoning: "r", output_tokens: 5_000_000_000, input_tokens: 1 });
  const [trace] = await ports.ledger.recentTraces(1);
  expect(trace?.output_tokens).toBe(5_000_000_000);
  const draw = { episode_id: ports.newId(), arm: "served" as const, holdout: 0.1 + 0.2, withhold: 1e-9 };
  const rest = { candidates: [], served_tokens: 3, seq: 7, created_at: AT, settles_at: AT };
  const covariates = { task_tokens: 1, behaviors: 0, best_fit: 0.1, similar: 0 };
  const use = { id: draw.episode_id, episode_id: draw.episode_id, handbook: "default", task: "t" };
  await ports.ledger.write(async (tx) => {
    await tx.addUse({ ...use, arm: "served", served: [], withheld: [], created_at: AT });
    await tx.addDraw("default", { ...draw, ...rest, covariates });
  });
  expect(await ports.ledger.draw(draw.episode_id)).toEqual({ ...draw, ...rest, covariates });
  const counts = await ports.ledger.counts("default");
  expect(counts).toMatchObject({ traces: { unknown: 1 }, uses: 1, traces_with_true_tokens: 1 });
});

test("the learning queue gives ranks in order, then stakes, without what is being looked at or done", async () => {
  await using ports = await testPorts();
  const ids: string[] = [];
  for (const task of ["a", "b", "c", "d"])
    ids.push((await recordTrace(ports, { task, reasoning: "r" })).trace.id);
  const [a = "", b = "", c = "", d = ""] = ids;
  const queued = [
    { handbook: "default", trace_ids: [a], rank: 1, stake: 5 },
    { handbook: "default", trace_ids: [b], rank: 1, stake: 7.5 },
    { handbook: "default", trace_ids: [d, c], rank: 0, stake: 1, step: "Carry." },
  ];
  for (let i = 0; i < 2; i++) await ports.ledger.write((tx) => tx.queueReflections(queued));
  const next = () => ports.ledger.queuedReflections("default", "2026-01-01T00:00:00.000Z", 10);
  expect(await next()).toEqual([queued[2], queued[1], queued[0]]);
  const made = { by: "agent", handbook: "default", prompt_version: "v" } as const;
  const old = { ...made, status: "open", created_at: "2025-01-01T00:00:00.000Z" } as const;
  const fresh = { ...old, created_at: "2026-02-01T00:00:00.000Z" };
  await ports.ledger.write(async (tx) => {
    await tx.addReflection({ ...old, id: ports.newId(), trace_ids: [a] });
    await tx.addReflection({ ...fresh, id: ports.newId(), trace_ids: [b] });
    await tx.addReflection({ ...old, status: "done", id: ports.newId(), trace_ids: [c, d] });
  });
  expect(await next()).toEqual([queued[0]]);
});
