import { describe, expect, test } from "vitest";
import { type Connected, call, connectInProcess } from "../clients.ts";

const UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/** What a client's model reads when the call fails. */
async function errorOf({ client }: Connected, name: string, input: Record<string, unknown>): Promise<string> {
  const result = await client.callTool({ name, arguments: input });
  expect(result.isError, JSON.stringify(result)).toBe(true);
  expect(result.structuredContent).toBeUndefined();
  const [content] = result.content ?? [];
  return content?.type === "text" ? content.text : "";
}

async function contents({ app }: Connected) {
  const { ledger } = await app.ports();
  return {
    traces: await ledger.recentTraces(100),
    behaviors: await ledger.behaviors("default"),
    handbooks: await ledger.handbooks(),
    counts: await ledger.counts("default"),
  };
}

describe("bad input is told what is wrong and what to do, and changes nothing:", () => {
  test.each([
    [
      "an unknown trace",
      "report_outcome",
      { trace_id: UNKNOWN, outcome: "success", evidence: "test" },
      /UNKNOWN_TRACE.*trace_id that record_trace/,
    ],
    ["an unknown use", "retrieve_behaviors", { task: "t", use_id: UNKNOWN }, /UNKNOWN_USE.*leave it out/],
    ["an id that is none", "reflect_and_extract", { trace_ids: ["nonsense"] }, /UNKNOWN_TRACE/],
    [
      "an unknown reflection",
      "submit_reflection",
      { reflection_id: UNKNOWN, reflection: "r", behaviors: [] },
      /UNKNOWN_REFLECTION.*reflect_and_extract/,
    ],
    ["an unknown handbook", "handbook_report", { handbook: "nope" }, /UNKNOWN_HANDBOOK.*default/],
    [
      "an unknown behavior",
      "edit_behavior",
      { name: "behavior_x", action: "retire", reason: "r" },
      /UNKNOWN_BEHAVIOR/,
    ],
    ["a misspelt argument", "retrieve_behaviors", { task: "t", limt: 3 }, /Unrecognized key.*limt/],
    ["a missing argument", "record_trace", { task: "t" }, /reasoning/],
    ["a limit of 0", "retrieve_behaviors", { task: "t", limit: 0 }, /limit.*>=1/],
    ["a limit of 201", "retrieve_behaviors", { task: "t", limit: 201 }, /limit.*<=200/],
    ["an empty task", "retrieve_behaviors", { task: "" }, /task/],
    ["a blank task", "record_trace", { task: " \n", reasoning: "r" }, /task.*white space/],
    [
      "3 MB of reasoning",
      "record_trace",
      { task: "t", reasoning: "a".repeat(3 * 1024 * 1024) },
      /reasoning.*2097152/,
    ],
    [
      "a control character",
      "record_trace",
      { task: "t", reasoning: "a\u001b[31mred" },
      /reasoning.*U\+001B at character 2.*remove/,
    ],
    [
      "half a surrogate pair",
      "record_trace",
      { task: "t\ud800", reasoning: "r" },
      /task.*surrogate pair at character 2/,
    ],
    ["negative tokens", "record_trace", { task: "t", reasoning: "r", output_tokens: -1 }, /output_tokens/],
    ["an outcome that is none", "record_trace", { task: "t", reasoning: "r", outcome: "maybe" }, /outcome/],
    ["a date that is none", "handbook_report", { since: "yesterday" }, /since.*2026-11-01/],
    [
      "a handbook name that cannot be",
      "record_trace",
      { task: "t", reasoning: "r", handbook: "My Book" },
      /INVALID_INPUT.*lower-case/,
    ],
    [
      "both ids of an outcome",
      "report_outcome",
      { trace_id: UNKNOWN, use_id: UNKNOWN, outcome: "success", evidence: "test" },
      /trace_id or use_id/,
    ],
    [
      "no model to reflect with",
      "self_improve",
      { trace_ids: [UNKNOWN], by: "server" },
      /UNKNOWN_TRACE|NO_MODEL/,
    ],
  ])("%s", async (_, tool, input, message) => {
    await using connected = await connectInProcess();
    const before = await contents(connected);
    expect(await errorOf(connected, tool, input)).toMatch(message);
    expect(await contents(connected)).toEqual(before);
  });

  test.each([
    ["with spaces", "behavior_check the units"],
    ["with capitals", "behavior_CheckUnits"],
    ["of 300 characters", `behavior_${"a".repeat(290)}`],
  ])("a behavior name %s: the reflection stays open for a corrected one", async (_, name) => {
    await using connected = await connectInProcess();
    const { client } = connected;
    const { trace_id } = await call(client, "record_trace", { task: "t", reasoning: "r" });
    const { reflection_id } = await call(client, "reflect_and_extract", { trace_ids: [trace_id] });
    const good = { name: "behavior_good", instruction: "Write the unit beside every number you use." };
    const both = { reflection_id, reflection: "r", behaviors: [good, { ...good, name }] };
    expect(await errorOf(connected, "submit_reflection", both)).toMatch(/behaviors.*1.*name/);
    expect((await contents(connected)).behaviors).toEqual([]);
    const answer = await call(client, "submit_reflection", { ...both, behaviors: [good] });
    expect(answer).toMatchObject({ decisions: [{ decision: "add" }] });
    expect(await errorOf(connected, "submit_reflection", { ...both, behaviors: [good] })).toMatch(
      /ALREADY_SUBMITTED/,
    );
  });

  test("a use id of another handbook", async () => {
    await using connected = await connectInProcess();
    const { use_id } = await call(connected.client, "retrieve_behaviors", { task: "t" });
    const input = { task: "t", reasoning: "r", use_id, handbook: "other" };
    expect(await errorOf(connected, "record_trace", input)).toMatch(/WRONG_HANDBOOK.*"default"/);
  });
});

test("2 MB of reasoning is taken", async () => {
  await using connected = await connectInProcess();
  const reasoning = "step ".repeat((2 * 1024 * 1024) / 5);
  const answer = await call(connected.client, "record_trace", { task: "t", reasoning });
  expect(answer).toMatchObject({ tokens_counted_by: "server" });
});

test("the guidance is the same whether or not anything is served", async () => {
  await using connected = await connectInProcess({ HANDBOOK_STARTERS: "on" });
  const some = await call(connected.client, "retrieve_behaviors", { task: "The test suite is flaky in CI" });
  const none = await call(connected.client, "retrieve_behaviors", { task: "qwxz" });
  expect(some.behaviors).not.toEqual([]);
  expect(none).toEqual({ ...some, use_id: none.use_id, behaviors: [] });
});

test("starters are searched by default, and not when they are off", async () => {
  const task = "Find the remainder when a large power is divided by 13";
  await using on = await connectInProcess({ HANDBOOK_STARTERS: "on" });
  const served = await call(on.client, "retrieve_behaviors", { task });
  expect(served.behaviors).toMatchObject(
    expect.arrayContaining([expect.objectContaining({ handbook: "starter-mathematics" })]),
  );
  await using off = await connectInProcess({ HANDBOOK_STARTERS: "off" });
  expect(await call(off.client, "retrieve_behaviors", { task })).toMatchObject({ behaviors: [] });
});

test("an unexpected error tells a model nothing but that it failed", async () => {
  await using connected = await connectInProcess();
  const { ledger } = await connected.app.ports();
  await ledger.close();
  const text = await errorOf(connected, "handbook_report", {});
  expect(text).toMatch(/^INTERNAL: handbook_report failed/);
  expect(text).not.toMatch(/database|sqlite|driver/i);
});
