import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  estimateLearning,
  learningPlan,
  type PlannedTrace,
  reflectionCost,
  tokensOf,
} from "../../src/rules/learning-plan.ts";

const trace = (id: string, change: Partial<PlannedTrace> = {}): PlannedTrace => ({
  id,
  handbook: "default",
  task: `task of ${id}`,
  outcome: "unknown",
  evidence: "none",
  output_tokens: 100,
  tokens: 100,
  ...change,
});
const ids = (plan: readonly { trace_ids: readonly string[] }[]) => plan.map(({ trace_ids }) => trace_ids);

describe("the plan", () => {
  test("looks at what comes back first, then at failures, tested ones before others, then at the rest", () => {
    const traces = [
      trace("a", { outcome: "success", evidence: "self" }),
      trace("b", { outcome: "success", evidence: "test" }),
      trace("c", { outcome: "failure", evidence: "self", output_tokens: 900 }),
      trace("d", { outcome: "failure", evidence: "checker" }),
      trace("e", { output_tokens: 5000 }),
      ...["f", "g", "h", "i"].map((id) => trace(id)),
    ];
    const groups = [
      { trace_ids: ["f", "g"], stake: 50, step: "Carry the one." },
      { trace_ids: ["h", "i"], stake: 70 },
    ];
    const plan = learningPlan(traces, groups, 6000);
    expect(ids(plan)).toEqual([["h", "i"], ["f", "g"], ["d"], ["c"], ["b"], ["e"], ["a"]]);
    expect(plan[1]).toMatchObject({ rank: 0, stake: 50, step: "Carry the one." });
  });

  test("looks at attempts at one task together, as many as the prompt holds, and at each trace once", () => {
    const attempts = ["a", "b", "c", "d"].map((id) => trace(id, { task: "t", tokens: 1000 }));
    const elsewhere = trace("e", { task: "t", handbook: "other" });
    expect(ids(learningPlan([...attempts, elsewhere], [], 3000))).toEqual([["a", "b", "c"], ["d"], ["e"]]);
    expect(ids(learningPlan(attempts, [{ trace_ids: ["a", "b"], stake: 9 }], 3000))).toEqual([
      ["a", "b", "c"], // one task is no recurrence
      ["d"],
    ]);
  });

  test("takes every trace exactly once, whatever order they come in", () => {
    const some = fc.uniqueArray(
      fc.record({
        id: fc.stringMatching(/^[A-Z0-9]{1,3}$/),
        task: fc.constantFrom("s", "t", "u", "v"),
        outcome: fc.constantFrom("success" as const, "failure" as const, "unknown" as const),
        output_tokens: fc.nat(1000),
        tokens: fc.nat(4000),
      }),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(
        some,
        fc.array(fc.array(fc.nat(30), { maxLength: 6 }), { maxLength: 4 }),
        (given, picks) => {
          const traces = given.map((one) => trace(one.id, one));
          const groups = picks.map((pick, stake) => ({
            trace_ids: pick.flatMap((i) => traces[i]?.id ?? []),
            stake,
          }));
          const plan = learningPlan(traces, groups, 6000);
          expect(ids(plan).flat().sort()).toEqual(traces.map(({ id }) => id).sort());
          expect(learningPlan(traces.toReversed(), groups, 6000)).toEqual(plan);
        },
      ),
    );
  });
});

describe("the estimate", () => {
  test("stops at the first that the budget would not hold", () => {
    const plan = [{ tokens: 100 }, { tokens: 5000 }, { tokens: 10 }];
    const all = estimateLearning([], plan);
    expect(all).toMatchObject({ calls: 6, reflections: 3, problems: 0 });
    const first = tokensOf(reflectionCost({ tokens: 100 }));
    expect(estimateLearning([], plan, first)).toMatchObject({ calls: 2, reflections: 1 });
    expect(estimateLearning([], plan, first - 1)).toMatchObject({ calls: 0, reflections: 0 });
  });

  test("of a problem holds the reflection on it", () => {
    const one = estimateLearning([{ tokens: 50 }], []);
    expect(one).toMatchObject({ calls: 3, problems: 1, reflections: 1 });
    expect(estimateLearning([{ tokens: 50 }], [], tokensOf(one) - 1)).toMatchObject({ calls: 0 });
  });
});
