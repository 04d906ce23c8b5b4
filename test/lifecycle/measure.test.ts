import { expect, test } from "vitest";
import { plantTasks } from "../../bench/drawn-ledger.ts";
import { measure } from "../../src/lifecycle/measure.ts";
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
