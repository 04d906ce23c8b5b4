import { expect, test } from "vitest";
import { plantTasks } from "../../bench/drawn-ledger.ts";
import { loadHandbook } from "../../src/lifecycle/load.ts";
import { measure } from "../../src/lifecycle/measure.ts";
import { retrieve } from "../../src/lifecycle/retrieve.ts";
import { sentences } from "../../src/rules/lift/sentences.ts";
import { handbookReport } from "../../src/tools/handbook-report.ts";
import { testPorts } from "../ports.ts";

const DAY_MS = 24 * 3_600_000;

test("a future until is now: tasks that are still open do not count as ones that never came back", async () => {
  await using ports = await testPorts();
  // The last task is drawn two days before: half an hour ago.
  await plantTasks(ports.ledger, { episodes: 500, until: new Date(Date.now() + 2 * DAY_MS - 1_800_000) });
  const { until, lift } = await measure(ports, { until: "2999-01-01T00:00:00.000Z" });
  const now = await measure(ports, {});
  expect(until <= now.until).toBe(true);
  expect(lift.counts.episodes).toBeLessThan(500);
  expect(lift.counts).toEqual(now.lift.counts);
});

test("what begins in the future is refused", async () => {
  await using ports = await testPorts();
  await expect(measure(ports, { since: "2999-01-01T00:00:00.000Z" })).rejects.toMatchObject({
    code: "INVALID_INPUT",
  });
});

/** After `tasks` tasks that one behavior fits. */
async function asked(settings: { holdout: number; withhold: number }, tasks: number) {
  const ports = await testPorts({ settings });
  const rope = { name: "behavior_rope", instruction: "Moor the boat by its rope.", when: "", keywords: [] };
  await loadHandbook(ports, { handbook: "default", behaviors: [{ ...rope, status: "active" }] }, "import");
  for (let i = 0; i < tasks; i++) await retrieve(ports, { task: `Moor the boat number ${i}` });
  return ports;
}

test("an agent that asks for the report right after its draw is not told its arm", async () => {
  const [control, served] = [
    { holdout: 1, withhold: 0 },
    { holdout: 1e-9, withhold: 0 },
  ];
  await using held = await asked(control, 25);
  await using given = await asked(served, 25);
  expect((await measure(held, {})).counts.uses_served).toBe(0);
  expect((await measure(given, {})).counts.uses_served).toBe(25);
  const told = await Promise.all([held, given].map((ports) => handbookReport.run({}, ports, {})));
  expect(told[0]).toEqual(told[1]);
  expect(JSON.stringify(told)).not.toMatch(/25 (tasks )?drawn|uses_served/);
});

test("tasks that are drawn and not settled are told as such, with the time of the first", async () => {
  await using ports = await asked({ holdout: 0.1, withhold: 0.1 }, 7);
  const report = await measure(ports, {});
  const told = sentences(report);
  const { settles_at = "" } = report.counts.open_draws;
  expect(Date.parse(settles_at) - Date.parse(report.until)).toBeGreaterThan(DAY_MS - 60_000);
  expect(told.tokens).toContain("7 tasks drawn, none settled; the first settles at");
  expect(told.tokens).toContain(settles_at.slice(0, 16).replace("T", " "));
  expect(told.tokens).toMatch(/24 hours after its draw, and shows nothing before/);
  expect(told.account).toBe("nothing to reckon yet: no served task has settled");
  expect(told.trustworthy).toBe("nothing to trust yet: No task has settled yet.");
});

test("where nothing is drawn, the variables that switched it off are named", async () => {
  await using ports = await asked({ holdout: 0, withhold: 0 }, 3);
  const told = sentences(await measure(ports, {}));
  expect(told.tokens).toMatch(/^off: HANDBOOK_HOLDOUT=0 and HANDBOOK_WITHHOLD=0/);
  expect(`${told.tokens} ${told.tested} ${told.success}`).not.toMatch(/not enough data|0 of 200/);
});
