import { join } from "node:path";
import { expect, test } from "vitest";
import { synthetic, syntheticBehaviors, syntheticQueries } from "../../bench/data.ts";
import { makeLedger } from "../../bench/ledger.ts";
import { openSqliteLedger } from "../../src/adapters/sql/sqlite-ledger.ts";
import { loadHandbook } from "../../src/lifecycle/load.ts";
import { tempDirectory, testPorts } from "../ports.ts";

test("the same seed makes the same behaviors, at once or one by one, and queries share their words", () => {
  const streamed = [...syntheticBehaviors(300, 7)];
  expect(synthetic(300, 7).handbook.behaviors).toEqual(
    streamed.map((behavior) => ({ ...behavior, status: "active" })),
  );
  const words = new Set(streamed.flatMap(({ instruction }) => instruction.toLowerCase().match(/\w+/g) ?? []));
  const { short, long } = syntheticQueries(300, 7);
  expect(short().split(" ").length).toBeLessThanOrEqual(8);
  const asked = (long().toLowerCase().match(/\w+/g) ?? []).filter((word) => words.has(word));
  expect(asked.length).toBeGreaterThan(10);
});

test("a ledger made in bulk holds what the program would have stored", async () => {
  using directory = tempDirectory();
  const behaviors = [...syntheticBehaviors(5, 7)];
  await makeLedger(directory.path, behaviors);
  const made = await openSqliteLedger(join(directory.path, "handbook.sqlite"));
  await using ports = await testPorts();
  const active = behaviors.map((behavior) => ({ ...behavior, status: "active" as const }));
  await loadHandbook(ports, { handbook: "default", behaviors: active }, "import");

  const now = "2026-01-01T00:00:00.000Z";
  const stored = async (ledger: typeof made) =>
    (await ledger.behaviors("default")).map((behavior) => ({ ...behavior, created_at: now }));
  expect(await stored(made)).toEqual(await stored(ports.ledger));
  expect(await made.changedBehaviors(0, 10)).toEqual(await ports.ledger.changedBehaviors(0, 10));
  expect(await made.headSeq()).toBe(await ports.ledger.headSeq());
  await made.close();
});
