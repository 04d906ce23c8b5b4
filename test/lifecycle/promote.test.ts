import { expect, test } from "vitest";
import { edit } from "../../src/lifecycle/edit.ts";
import { loadHandbook } from "../../src/lifecycle/load.ts";
import { measure } from "../../src/lifecycle/measure.ts";
import { promote } from "../../src/lifecycle/promote.ts";
import { recordTrace } from "../../src/lifecycle/record.ts";
import { retrieve } from "../../src/lifecycle/retrieve.ts";
import type { Evidence } from "../../src/model/outcome.ts";
import { type TestPorts, testPorts } from "../ports.ts";

const DAY = 24 * 3_600_000;
const ROPE = { handbook: "default", name: "behavior_moor_by_rope" };

/** Two behaviors on probation that fit every task of mooring. */
async function harbor(withhold: number) {
  const ports = await testPorts({ settings: { withhold } });
  const behaviors = ["rope", "anchor"].map((thing) => ({
    name: `behavior_moor_by_${thing}`,
    instruction: `Moor the boat by its ${thing}, and look after the ${thing} each hour.`,
    when: "Mooring a boat",
    keywords: [],
  }));
  await loadHandbook(ports, { handbook: "default", behaviors }, "import");
  return ports;
}

async function solve(
  ports: TestPorts,
  task: string,
  evidence: Evidence,
  reasoning = "By moor_by_rope: `moor_by_rope`.",
) {
  const { use } = await retrieve(ports, { task });
  await recordTrace(ports, { task, reasoning, use_id: use.id, outcome: "success", evidence });
}

/** Solves tasks at one instant, which it answers: whoever reads of the rope writes four times as much. */
async function solveWithCostlyRope(ports: TestPorts): Promise<number> {
  const start = Date.now();
  ports.now = () => new Date(start);
  for (let i = 0; i < 260; i++) {
    const { use, behaviors } = await retrieve(ports, { task: "Moor the boat" });
    const hasRope = behaviors.some(({ name }) => name === ROPE.name);
    const output_tokens = (hasRope ? 4000 : 1000) + 7 * i;
    await recordTrace(ports, { task: "Moor the boat", reasoning: `no. ${i}`, use_id: use.id, output_tokens });
  }
  return start;
}

test("cited in tested successes of two different tasks, a behavior becomes active, and says that this is no measurement", async () => {
  await using ports = await harbor(0);
  await solve(ports, "Moor the boat at night", "test");
  await solve(ports, "Moor the boat at night", "test", "Again by `moor_by_rope`.");
  await solve(ports, "Moor the boat by day", "self");
  expect(await promote(ports, "default")).toEqual([]);
  await solve(ports, "Moor the boat in fog", "user");
  expect(await promote(ports, "default")).toMatchObject([{ to: "active", basis: "observational" }]);
  expect(await ports.ledger.behavior(ROPE)).toMatchObject({
    status: "active",
    revision: 2,
    provenance: { author: "import", agent: "observation" },
    reason: expect.stringContaining("cited in 2 different tasks"),
  });
  expect(await promote(ports, "default")).toEqual([]);
});

test("measured harm retires a behavior with its numbers, and a person's restoring it stands", async () => {
  await using ports = await harbor(0.7);
  const start = await solveWithCostlyRope(ports);
  expect(await promote(ports, "default")).toEqual([]); // their day is not over
  ports.now = () => new Date(start + DAY);
  const changes = await promote(ports, "default");
  expect(changes).toContainEqual(
    expect.objectContaining({ behavior: `default/${ROPE.name}`, to: "retired" }),
  );
  expect(await ports.ledger.behavior(ROPE)).toMatchObject({
    status: "retired",
    provenance: { author: "import", agent: "measurement" },
    reason: expect.stringMatching(/Measured: .*output tokens \+[\d.]+ %/),
  });
  const lifts = await ports.ledger.lifts("default", [ROPE]);
  expect(lifts).toMatchObject([{ ...ROPE, effect: expect.any(Number) }]);

  await edit(ports, { name: ROPE.name, action: "restore", reason: "I know better" });
  await promote(ports, "default");
  expect(await ports.ledger.behavior(ROPE)).toMatchObject({ status: "probation" });
});

test("what an earlier wording did is measured apart, and neither retires nor ranks the one that took its place", async () => {
  await using ports = await harbor(0.7);
  const start = await solveWithCostlyRope(ports);
  ports.now = () => new Date(start + DAY);
  const before = ports.now().toISOString();
  ports.now = () => new Date(start + DAY + 1);
  await edit(ports, { name: ROPE.name, action: "approve", reason: "words as before" });
  expect(await ports.ledger.reworded([ROPE], ports.now().toISOString())).toEqual([]);
  const instruction = "Moor the boat by a short rope.";
  const provenance = { author: "reflection" as const, trace_ids: [] };
  await ports.ledger.write(async (tx) => {
    const current = await tx.behavior(ROPE);
    if (current === undefined) throw new Error("no rope");
    const created_at = ports.now().toISOString();
    await tx.addRevision({ ...current, instruction, provenance, revision: 3, reason: "shorter", created_at });
  });
  const changes = await promote(ports, "default");
  expect(changes.map(({ behavior }) => behavior)).not.toContain(`default/${ROPE.name}`);
  expect(await ports.ledger.behavior(ROPE)).toMatchObject({ status: "active", revision: 3 });
  expect(await ports.ledger.lifts("default", [ROPE])).toEqual([]);

  const until = ports.now().toISOString();
  expect(await ports.ledger.reworded([ROPE], until)).toEqual([{ ...ROPE, since: 3 }]);
  const measured = async (until: string) =>
    (await measure(ports, { until })).lift.behaviors.map(({ behavior }) => behavior);
  expect(await measured(until)).toContain(`default/${ROPE.name}@1`);
  expect(await measured(before)).toContain(`default/${ROPE.name}`); // a report does not change its past
});

test("what is measured to cost less comes first among what fits alike", async () => {
  await using ports = await harbor(0);
  const order = async () =>
    (await retrieve(ports, { task: "Moor the boat" })).behaviors.map(({ name }) => name);
  const [first = "", second = ""] = await order();
  const lift = { handbook: "default", name: second, effect: -0.3 };
  await ports.ledger.write((tx) => tx.setLifts("default", [lift]));
  expect(await order()).toEqual([second, first]);
});
