import { expect, test } from "vitest";
import type { Behavior, Status } from "../../src/model/behavior.ts";
import type { Hit } from "../../src/ports.ts";
import { fitting, rank, withinBudget } from "../../src/rules/ranking.ts";

const options = { handbook: "default", alreadyHave: [] as string[], limit: 8, wholeTopic: false };

function pair(
  name: string,
  fields: { handbook?: string; status?: Status; fit?: number; score?: number; instruction?: string } = {},
) {
  const { handbook = "default", status = "active", fit = 0.5, score = 1, instruction = name } = fields;
  const hit: Hit = { handbook, name, score, fit };
  const behavior: Behavior = {
    handbook,
    name,
    revision: 1,
    status,
    instruction,
    when: "",
    keywords: [],
    provenance: { author: "reflection", trace_ids: [] },
    reason: "",
    created_at: "2026-11-21T10:00:00.000Z",
  };
  return { hit, behavior };
}

function ranked(pairs: ReturnType<typeof pair>[], changes: Partial<typeof options> = {}) {
  const list = rank(
    pairs.map(({ hit }) => hit),
    pairs.map(({ behavior }) => behavior),
    { ...options, ...changes },
  );
  return list.map(({ behavior }) => `${behavior.handbook}/${behavior.name}`);
}

test("the index's order is kept, and the list ends at the limit", () => {
  expect(ranked([pair("behavior_b"), pair("behavior_a"), pair("behavior_c")], { limit: 2 })).toEqual([
    "default/behavior_b",
    "default/behavior_a",
  ]);
});

test("what hardly fits is left out, by itself or beside the best, unless all of a topic was asked for", () => {
  const fits = (all: number[], wholeTopic = false) =>
    fitting(
      all.map((fit) => pair("behavior_x", { fit }).hit),
      wholeTopic,
    ).map(({ fit }) => fit);
  expect(fits([0.05, 0.01])).toEqual([]);
  expect(fits([0.5, 0.3, 0.01, 0.002])).toEqual([0.5, 0.3, 0.01]);
  expect(fits([1, 1, 0.9])).toEqual([1, 1]);
  expect(fits([0.5, 0.01], true)).toEqual([0.5, 0.01]);
  expect(fits([])).toEqual([]);
});

test("what a better one says already takes no second place, the opposite and all of a topic do", () => {
  const said =
    "Check the payment cards with a small amount before you transfer the whole sum to the account.";
  const all = [
    pair("behavior_best", { instruction: said }),
    pair("behavior_twin", { instruction: `${said} Always.` }),
    pair("behavior_opposite", { instruction: said.replace("Check", "Never check") }),
  ];
  expect(ranked(all)).toEqual(["default/behavior_best", "default/behavior_opposite"]);
  expect(ranked(all, { wholeTopic: true })).toHaveLength(3);
});

test("only probation and active are served, whatever a stale index says", () => {
  const statuses: Status[] = ["retired", "quarantined", "probation", "active"];
  expect(ranked(statuses.map((status) => pair(`behavior_${status}`, { status })))).toEqual([
    "default/behavior_probation",
    "default/behavior_active",
  ]);
});

test("a handbook's own behavior hides the starter's of the same name, wherever that stands", () => {
  const starter = pair("behavior_x", { handbook: "starter" });
  expect(ranked([starter, pair("behavior_x")])).toEqual(["default/behavior_x"]);
  expect(ranked([starter, pair("behavior_x", { status: "retired" })])).toEqual(["starter/behavior_x"]);
});

test("what the agent has is left out", () => {
  expect(ranked([pair("behavior_a"), pair("behavior_b")], { alreadyHave: ["behavior_a"] })).toEqual([
    "default/behavior_b",
  ]);
});

test("a token budget is filled from the best down and never exceeded", () => {
  expect(withinBudget(["a", "b", "c"], [50, 60, 40], 100)).toEqual(["a", "c"]);
  expect(withinBudget(["a"], [50], 49)).toEqual([]);
});
