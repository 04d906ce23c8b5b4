import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { openSqliteLedger } from "../../../src/adapters/sql/sqlite-ledger.ts";
import { recordTrace } from "../../../src/lifecycle/record.ts";
import { testPorts } from "../../ports.ts";

const handbook = (slug: string) => ({ slug, created_at: new Date().toISOString() });

describe("writes that come together", () => {
  test("share a transaction; one that throws is undone alone, and each is told its own result", async () => {
    await using ports = await testPorts();
    const { ledger } = ports;
    let commits = 0;
    const other = new DatabaseSync(join(ports.path, "handbook.sqlite"));
    const seen = () => Number(other.prepare("pragma data_version").get()?.data_version);
    const before = seen();
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, (_, i) =>
        ledger.write(async (tx) => {
          await tx.addHandbook(handbook(`h${i}`));
          if (i % 7 === 3) throw new Error(`changed my mind ${i}`);
          if (seen() !== before) commits++;
          return i;
        }),
      ),
    );
    expect(commits).toBe(0);
    for (const [i, result] of results.entries()) {
      if (i % 7 === 3) expect(result).toMatchObject({ reason: { message: `changed my mind ${i}` } });
      else expect(result).toMatchObject({ value: i });
      expect((await ledger.handbook(`h${i}`)) !== undefined, `h${i}`).toBe(i % 7 !== 3);
    }
    other.close();
  });

  test("are each told of a full disk only if it concerns them", async () => {
    await using ports = await testPorts();
    const ledger = await openSqliteLedger(join(ports.path, "handbook.sqlite"), { maxPages: 70 });
    const limited = { ...ports, ledger };
    const sizes = [10, 2_000_000, 10, 2_000_000, 10];
    const results = await Promise.allSettled(
      sizes.map((size, i) => recordTrace(limited, { task: `t${i}`, reasoning: "word ".repeat(size / 5) })),
    );
    expect(results.map(({ status }) => status)).toEqual(
      sizes.map((size) => (size > 10 ? "rejected" : "fulfilled")),
    );
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "LEDGER_FULL" });
    expect(await ledger.recentTraces(10)).toHaveLength(3);
    await ledger.close();
  });

  test("wait for another process's transaction together, and are told once it takes too long", async () => {
    await using ports = await testPorts();
    const holder = new DatabaseSync(join(ports.path, "handbook.sqlite"));
    holder.exec("begin immediate");
    const began = performance.now();
    const writes = [0, 1, 2].map((i) => ports.ledger.write((tx) => tx.addHandbook(handbook(`h${i}`))));
    const results = await Promise.allSettled(writes);
    expect(results).toMatchObject(results.map(() => ({ reason: { code: "LEDGER_BUSY" } })));
    expect(performance.now() - began).toBeLessThan(8000);
    holder.exec("rollback");
    holder.close();
    await ports.ledger.write((tx) => tx.addHandbook(handbook("after")));
  });
});
