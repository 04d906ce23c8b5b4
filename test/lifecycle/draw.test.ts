import { describe, expect, test } from "vitest";
import { obeying } from "../../src/lifecycle/draw.ts";
import { loadHandbook } from "../../src/lifecycle/load.ts";
import { settledEpisodes } from "../../src/lifecycle/measure.ts";
import { recordTrace } from "../../src/lifecycle/record.ts";
import { retrieve } from "../../src/lifecycle/retrieve.ts";
import { settle } from "../../src/lifecycle/settle.ts";
import type { Episode } from "../../src/model/episode.ts";
import type { Settings } from "../../src/ports.ts";
import { draw } from "../../src/rules/assignment.ts";
import { type TestPorts, testPorts } from "../ports.ts";

const TASK = "Moor the boat in a storm";
const HOUR = 3_600_000;

/** Three behaviors that fit the task, and a clock that can be set forward. */
async function harbor(settings: Partial<Settings>) {
  const ports = await testPorts({ settings });
  const behaviors = ["rope", "anchor", "fender"].map((thing) => ({
    name: `behavior_moor_by_${thing}`,
    instruction: `Moor the boat by its ${thing}, and look after the ${thing} each hour.`,
    when: "Mooring a boat in a storm",
    keywords: [],
    status: "active" as const,
  }));
  await loadHandbook(ports, { handbook: "default", behaviors }, "import");
  const clock = { ms: 0 };
  const at = Date.now();
  ports.now = () => new Date(at + clock.ms);
  return { ports, clock, [Symbol.asyncDispose]: () => ports[Symbol.asyncDispose]() };
}

async function episodes(ports: TestPorts, clock: { ms: number }, afterHours = 25): Promise<Episode[]> {
  const until = new Date(ports.now().getTime() - clock.ms + afterHours * HOUR).toISOString();
  const found: Episode[] = [];
  for await (const episode of settledEpisodes(ports, "default", { until })) found.push(episode);
  return found;
}

const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describe("a task that is held out", () => {
  test("is served nothing, however often it asks, and the use says what it would have been", async () => {
    await using at = await harbor({ holdout: 1 });
    const first = await retrieve(at.ports, { task: TASK });
    expect(first.behaviors).toEqual([]);
    expect(first.use).toMatchObject({ arm: "control", served: [] });
    expect(first.use.withheld).toHaveLength(3);
    const again = await retrieve(at.ports, { task: "the rope of the boat", use_id: first.use.id });
    expect(again.behaviors).toEqual([]);
    expect(again.use).toMatchObject({ arm: "control", episode_id: first.use.id });
  });

  test("that names a withheld behavior nevertheless is contaminated, which is no citation", async () => {
    await using at = await harbor({ holdout: 1 });
    const { use } = await retrieve(at.ports, { task: TASK });
    const reasoning = "I remembered behavior_moor_by_rope and [[moor_by_anchor]].";
    const { cited, trace } = await recordTrace(at.ports, { task: TASK, reasoning, use_id: use.id });
    expect(cited).toEqual([]);
    expect(await at.ports.ledger.citations(trace.id)).toEqual([]);
    const [episode] = await episodes(at.ports, at.clock);
    expect(episode?.cited.map((place) => episode.candidates[place]).sort()).toEqual([
      "default/behavior_moor_by_anchor",
      "default/behavior_moor_by_rope",
    ]);
  });
});

test("one behavior that is withheld is withheld from the whole episode, and nothing takes its place", async () => {
  await using at = await harbor({ withhold: 1 });
  const first = await retrieve(at.ports, { task: TASK, limit: 2 });
  expect(first.behaviors).toHaveLength(1);
  const [gone = ""] = names(first.use.withheld);
  const again = await retrieve(at.ports, { task: TASK, use_id: first.use.id, limit: 8 });
  expect(names(again.behaviors)).toHaveLength(2);
  expect(names(again.behaviors)).not.toContain(gone);
  expect(names(again.use.withheld)).toEqual([gone]);
});

test("the draw is made at the first use that finds something, and what a use was served before it stays served", async () => {
  await using at = await harbor({ holdout: 1 });
  const { ports } = at;
  const first = await retrieve(ports, { task: "Translate a poem about autumn into French" });
  expect(first.use.arm).toBe("served");
  const later = await retrieve(ports, { task: TASK, use_id: first.use.id });
  expect(later).toMatchObject({ behaviors: [], use: { arm: "control", episode_id: first.use.id } });
  expect(await ports.ledger.draw(first.use.id)).toMatchObject({ arm: "control" });

  const undrawn = { ...ports, settings: { ...ports.settings, holdout: 0 } };
  const { use } = await retrieve(undrawn, { task: TASK });
  expect((await retrieve(ports, { task: TASK, use_id: use.id })).behaviors).toHaveLength(3);
  expect(await ports.ledger.draw(use.id)).toBeUndefined();
});

test("retrievals of one task at the same time obey one draw", async () => {
  await using at = await harbor({ withhold: 1 });
  const { use } = await retrieve(at.ports, { task: "Translate a poem about autumn into French" });
  const asked = [1, 2, 3].map((limit) =>
    retrieve(at.ports, { task: TASK, use_id: use.id, limit: limit + 2 }),
  );
  const withheld = (await Promise.all(asked)).map(({ use }) => names(use.withheld));
  expect(withheld).toEqual([withheld[0], withheld[0], withheld[0]]);
});

describe("a use of an episode that is over begins one of its own", () => {
  const isNew = async (ports: TestPorts, use_id: string) => {
    const { use } = await retrieve(ports, { task: TASK, use_id });
    expect(use.episode_id).toBe(use.id);
    expect(await ports.ledger.draw(use.id)).toBeDefined();
  };

  test("after its trace, drawn or not", async () => {
    await using at = await harbor({ withhold: 0.5 });
    for (const task of [TASK, "Translate a poem about autumn into French"]) {
      const { use } = await retrieve(at.ports, { task });
      await recordTrace(at.ports, { task, reasoning: "done", use_id: use.id });
      await isNew(at.ports, use.id);
    }
  });

  test("after a day, drawn or not", async () => {
    await using at = await harbor({ withhold: 0.5 });
    const { use: drawn } = await retrieve(at.ports, { task: TASK });
    const { use: undrawn } = await retrieve(at.ports, { task: "Translate a poem about autumn into French" });
    at.clock.ms = 23 * HOUR;
    const { use } = await retrieve(at.ports, { task: TASK, use_id: drawn.id });
    expect(use.episode_id).toBe(drawn.id);
    at.clock.ms = 24 * HOUR + 1000;
    await isNew(at.ports, drawn.id);
    await isNew(at.ports, undrawn.id);
  });
});

test("the same task again in a conversation is the same episode until its trace, another task is another", async () => {
  await using at = await harbor({ withhold: 0.5 });
  const episode = async (task: string, conversation = "session-1") =>
    (await retrieve(at.ports, { task, conversation })).use.episode_id;
  const first = await episode(TASK);
  expect(await episode(TASK)).toBe(first);
  expect(await episode(TASK, "session-2")).not.toBe(first);
  await recordTrace(at.ports, { task: TASK, reasoning: "done", use_id: first });
  const second = await episode(TASK);
  expect(second).not.toBe(first);
  expect(await episode("Moor the ship in a storm")).not.toBe(second);
});

test("with both probabilities 0 nothing is drawn", async () => {
  await using at = await harbor({});
  const { use, behaviors } = await retrieve(at.ports, { task: TASK });
  expect(behaviors).toHaveLength(3);
  expect(await at.ports.ledger.draw(use.id)).toBeUndefined();
});

test("what is stored is enough to make every draw again", async () => {
  await using at = await harbor({ holdout: 0.3, withhold: 0.5 });
  const salt = await at.ports.ledger.assignmentSalt();
  const arms = new Set<string>();
  for (let i = 0; i < 40; i++) {
    const { use } = await retrieve(at.ports, { task: TASK });
    const stored = await at.ports.ledger.draw(use.id);
    if (stored === undefined) throw new Error("not drawn");
    const { arm, withheld } = draw(use.id, salt, stored, stored.candidates.length);
    expect({ arm, withheld }).toEqual({ arm: stored.arm, withheld: stored.withheld });
    const asked = stored.candidates.map((behavior) => ({ behavior }));
    expect(names(use.served)).toEqual(names(obeying(stored, asked).served.map(({ behavior }) => behavior)));
    arms.add(arm);
  }
  expect(arms).toEqual(new Set(["served", "control", "withheld"]));
});

test("what was known of a task before its draw comes from what was done before", async () => {
  await using at = await harbor({ withhold: 0.001 });
  const solve = async (output_tokens: number, outcome: "success" | "failure") => {
    const { use } = await retrieve(at.ports, { task: TASK });
    const reasoning = `behavior_moor_by_rope, ${output_tokens}`;
    const told = { outcome, evidence: "test" as const, output_tokens };
    await recordTrace(at.ports, { task: TASK, reasoning, use_id: use.id, ...told });
    return use.id;
  };
  const first = await solve(100, "success");
  await solve(400, "failure");
  const last = await solve(1, "success");
  expect((await at.ports.ledger.draw(first))?.covariates).toMatchObject({ similar: 0, behaviors: 3 });
  const { covariates } = (await at.ports.ledger.draw(last)) ?? {};
  expect(covariates?.similar).toBe(2);
  expect(covariates?.similar_tokens).toBeCloseTo(200, 6);
  expect(covariates?.similar_success).toBe(0.5);
});

describe("an episode", () => {
  test("counts after a day, with its trace and what was known of it then", async () => {
    await using at = await harbor({ withhold: 0.001 });
    const { ports, clock } = at;
    const { use } = await retrieve(ports, { task: TASK });
    clock.ms = HOUR;
    const own = { task: TASK, use_id: use.id };
    const { trace } = await recordTrace(ports, { ...own, reasoning: "first", output_tokens: 7 });
    await recordTrace(ports, { ...own, reasoning: "second", output_tokens: 9 });
    await settle(ports, { trace_id: trace.id, outcome: "failure", evidence: "self" });
    expect(await episodes(ports, clock, 23)).toEqual([]);
    clock.ms = 25 * HOUR;
    await settle(ports, { trace_id: trace.id, outcome: "success", evidence: "test" });
    const [episode] = await episodes(ports, clock);
    expect(episode).toMatchObject({ returned: true, tokens: 7, outcome: "failure", evidence: "self" });
    expect((await ports.ledger.traces([trace.id]))[0]?.outcome).toBe("success");
  });

  test("takes as many tokens as the last whole turn that a hook counted, whatever the agent reported before", async () => {
    await using at = await harbor({ withhold: 0.001 });
    const { ports, clock } = at;
    const { use } = await retrieve(ports, { task: TASK, conversation: "session-1" });
    const own = { task: TASK, use_id: use.id };
    await recordTrace(ports, { ...own, reasoning: "the agent's own report", outcome: "success" });
    await recordTrace(ports, { ...own, reasoning: "turn", output_tokens: 100 });
    await recordTrace(ports, { ...own, reasoning: "turn, by [[moor_by_rope]]", output_tokens: 190 });
    await recordTrace(ports, { ...own, reasoning: "turn that broke off" });
    clock.ms = 25 * HOUR;
    await recordTrace(ports, { ...own, reasoning: "turn, a day later", output_tokens: 900 });
    const [episode] = await episodes(ports, clock);
    expect(episode).toMatchObject({ tokens: 190, outcome: "success", evidence: "self" });
    expect(episode?.cited.map((place) => episode.candidates[place])).toEqual([
      "default/behavior_moor_by_rope",
    ]);
  });

  test("takes as many tokens as its first count where no hook led it", async () => {
    await using at = await harbor({ withhold: 0.001 });
    const { use } = await retrieve(at.ports, { task: TASK });
    const own = { task: TASK, use_id: use.id };
    await recordTrace(at.ports, { ...own, reasoning: "uncounted" });
    await recordTrace(at.ports, { ...own, reasoning: "first", output_tokens: 7 });
    await recordTrace(at.ports, { ...own, reasoning: "second", output_tokens: 9 });
    const [episode] = await episodes(at.ports, at.clock);
    expect(episode?.tokens).toBe(7);
  });

  test("ends as the strongest word says that came in time, about whichever of its traces", async () => {
    await using at = await harbor({ withhold: 0.001 });
    const { use } = await retrieve(at.ports, { task: TASK });
    const own = { task: TASK, use_id: use.id };
    const counted = { reasoning: "counted", output_tokens: 7, outcome: "success" as const };
    await recordTrace(at.ports, { ...own, ...counted });
    const { trace } = await recordTrace(at.ports, { ...own, reasoning: "second" });
    await settle(at.ports, { trace_id: trace.id, outcome: "failure", evidence: "test" });
    const [episode] = await episodes(at.ports, at.clock);
    expect(episode).toMatchObject({ tokens: 7, outcome: "failure", evidence: "test" });
  });

  test("whose trace comes after a day has not returned", async () => {
    await using at = await harbor({ withhold: 0.001 });
    const { use } = await retrieve(at.ports, { task: TASK });
    at.clock.ms = 24 * HOUR + 1000;
    await recordTrace(at.ports, { task: TASK, reasoning: "late", use_id: use.id, output_tokens: 7 });
    const [episode] = await episodes(at.ports, at.clock);
    expect(episode).toMatchObject({ returned: false, outcome: "unknown" });
    expect(episode?.tokens).toBeUndefined();
  });

  test("keeps its tokens when a true count of them comes after a day", async () => {
    await using at = await harbor({ withhold: 0.001 });
    const { ports, clock } = at;
    const { use } = await retrieve(ports, { task: TASK });
    const own = { task: TASK, reasoning: "uncounted", use_id: use.id };
    await recordTrace(ports, own);
    clock.ms = 24 * HOUR + 1000;
    const again = await recordTrace(ports, { ...own, output_tokens: 7 });
    expect(again).toMatchObject({ isNew: false, trace: { tokens_counted_by: "server" } });
    expect((await episodes(ports, clock))[0]?.tokens).toBeUndefined();
  });

  test("has no count of tokens where only the report was counted", async () => {
    await using at = await harbor({ withhold: 0.001 });
    const { use } = await retrieve(at.ports, { task: TASK });
    await recordTrace(at.ports, { task: TASK, reasoning: "I moored the boat.", use_id: use.id });
    const [episode] = await episodes(at.ports, at.clock);
    expect(episode?.tokens).toBeUndefined();
    expect(episode?.report_tokens).toBeGreaterThan(3);
  });

  test("knows an outcome that was reported by use before any trace", async () => {
    await using at = await harbor({ withhold: 0.001 });
    const { use } = await retrieve(at.ports, { task: TASK });
    await settle(at.ports, { use_id: use.id, outcome: "success", evidence: "checker" });
    const [episode] = await episodes(at.ports, at.clock);
    expect(episode).toMatchObject({ returned: false, outcome: "success", evidence: "checker" });
  });
});
