import { ulid } from "ulid";
import { expect, test } from "vitest";
import { recordTrace } from "../../src/lifecycle/record.ts";
import { retrieve } from "../../src/lifecycle/retrieve.ts";
import { settle } from "../../src/lifecycle/settle.ts";
import { put } from "../lance.ts";
import { testPorts } from "../ports.ts";

const DAY = 86_400_000;

test("a clock that goes back by a day in the midst of a task loses nothing of it", async () => {
  await using ports = await testPorts();
  let now = Date.now();
  ports.now = () => new Date(now);
  ports.newId = () => ulid(now);
  await put(ports.ledger, "behavior_quokka", { instruction: "Feed the quokka its leaves." });
  const task = "Feed the quokka";
  const { use, behaviors } = await retrieve(ports, { task });
  expect(behaviors).toHaveLength(1);
  now -= DAY;
  const again = await retrieve(ports, { task: "its leaves", use_id: use.id });
  expect(again.use.episode_id).toBe(use.episode_id);
  now -= DAY;
  const { trace, cited } = await recordTrace(ports, {
    task,
    reasoning: "By behavior_quokka.",
    use_id: use.id,
  });
  expect(cited).toEqual(["behavior_quokka"]);
  now -= DAY;
  await settle(ports, { trace_id: trace.id, outcome: "success", evidence: "test" });
  const [kept] = await ports.ledger.traces([trace.id]);
  expect(kept).toMatchObject({ outcome: "success", evidence: "test" });
  expect((await retrieve(ports, { task })).behaviors).toHaveLength(1);
  expect(await ports.ledger.check()).toEqual([]);
});

test("what a dead process held is free again when the clock goes back, not only when it has caught up", async () => {
  await using ports = await testPorts();
  const take = (holder: string, at: number) =>
    ports.ledger.write((tx) => tx.takeLease("index", holder, new Date(at), 10_000));
  const now = Date.now();
  expect(await take("dead", now)).toMatchObject({ epoch: 1 });
  expect(await take("other", now - 5000)).toBeUndefined(); // clocks of two machines differ by seconds
  expect(await take("other", now - DAY)).toMatchObject({ epoch: 2 });
});
