import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { digest } from "../../../src/rules/identity.ts";
import { type Corpus, startCorpus, take } from "../../../src/rules/recurrence/corpus.ts";
import { type Recurrence, recurrences, tokensAtStake } from "../../../src/rules/recurrence/groups.ts";
import { problemOf, proceduresOf } from "../../../src/rules/recurrence/procedures.ts";

interface Given {
  id: string;
  task: string;
  reasoning: string;
}

/** Each step costs as many tokens as it has words. */
function corpusOf(traces: readonly Given[], mostSteps?: number): Corpus {
  const corpus = startCorpus(mostSteps);
  for (const { id, task, reasoning } of traces) {
    const steps = proceduresOf(task, reasoning).map((step) => ({
      ...step,
      tokens: step.text.split(" ").length,
    }));
    take(corpus, { id, task, outcome: "success" }, steps);
  }
  return corpus;
}

function finished(corpus: Corpus, minProblems?: number): Recurrence[] {
  const grouping = recurrences(corpus, minProblems);
  for (;;) {
    const { done, value } = grouping.next();
    if (done) return value;
  }
}

const groups = (traces: readonly Given[]) => finished(corpusOf(traces));
const trace = (problem: number, reasoning: string, sample = 1): Given => ({
  id: `p${problem}s${sample}`,
  task: `Task number ${problem} of the sheet, worded as it is`,
  reasoning,
});

describe("a step comes back", () => {
  test("when different problems have it, whatever numbers and formulas stand in it", () => {
    const [group, ...others] = groups([
      trace(1, "Okay. Subtract 3 from both sides. Hmm, what now?"),
      trace(2, "Then we subtract $7x$ from both sides of it."),
      trace(3, "Let me think. Multiply both sides by 4."),
    ]);
    expect(others).toEqual([]);
    expect(group).toMatchObject({
      actions: ["subtract"],
      problems: 2,
      occurrences: 2,
      trace_ids: ["p1s1", "p2s1"],
      outcomes: { success: 2, failure: 0, unknown: 0 },
    });
    expect(group?.examples.map(({ trace_id, at }) => [trace_id, at])).toEqual([
      ["p1s1", 6],
      ["p2s1", 0],
    ]);
  });

  test("but not when all its occurrences are of one problem, in samples or models", () => {
    const reasoning = "Subtract 3 from both sides. Then subtract 4 from both sides.";
    expect(groups([trace(1, reasoning, 1), trace(1, reasoning, 2), trace(2, "Nothing at all.")])).toEqual([]);
  });

  test("but not when most problems of many have it: that is how a model talks", () => {
    const many = Array.from({ length: 30 }, (_, i) => i);
    const steps = (i: number) =>
      `Simplify the remaining fraction now.${i < 3 ? " Divide both sides by 2." : ""}`;
    expect(groups(many.map((i) => trace(i, steps(i)))).map(({ terms }) => terms.join(" "))).toEqual([
      "divid both side",
    ]);
  });

  test("in at least so many problems as were asked for", () => {
    const corpus = corpusOf([1, 2, 3].map((i) => trace(i, `Divide both sides by ${i}.`)));
    expect(finished(corpus, 3)).toHaveLength(1);
    expect(finished(corpus, 4)).toEqual([]);
  });
});

test("no chain of small differences joins two different steps", () => {
  // Each wording is near the next one, and the first is far from the last.
  const wordings = [
    "Simplify alpha beta gamma delta.",
    "Simplify beta gamma delta epsilon.",
    "Simplify gamma delta epsilon zeta.",
    "Simplify delta epsilon zeta theta.",
    "Simplify epsilon zeta theta kappa.",
    "Simplify zeta theta kappa lambda.",
  ];
  const found = groups(wordings.map((wording, i) => trace(i, wording)));
  expect(found.length).toBeGreaterThan(1);
  for (const { problems } of found) expect(problems).toBeLessThanOrEqual(3);
});

describe("tokens at stake", () => {
  test("are what an attempt at each problem spends, but for the one that spends most", () => {
    expect(
      tokensAtStake([
        { tokens: 30, traces: 1 },
        { tokens: 20, traces: 1 },
        { tokens: 80, traces: 8 },
      ]),
    ).toBe(30); // 20 + 80 / 8
    expect(tokensAtStake([{ tokens: 30, traces: 1 }])).toBe(0);
    expect(tokensAtStake([])).toBe(0);
  });

  test("do not grow with samples, and count the samples without the step", () => {
    const once = [trace(1, "Divide both sides by 2."), trace(2, "Divide both sides by 3.")];
    const [single] = groups(once);
    const [sampled] = groups([...once, trace(1, "Divide both sides by 9.", 2), trace(2, "Nothing.", 2)]);
    expect(single).toMatchObject({ tokens: 10, median_tokens: 5, tokens_at_stake: 5 });
    expect(sampled).toMatchObject({ problems: 2, occurrences: 3, tokens: 15, tokens_at_stake: 3 }); // 2.5 of problem 2
  });
});

describe("order", () => {
  const WORDINGS = [
    "Subtract 3 from both sides.",
    "Subtract the constant from both sides.",
    "Divide both sides by 2.",
    "Divide both sides of the inequality by 2.",
    "Use the quadratic formula here: $x$.",
    "Using the quadratic formula on the rest.",
    "Substitute the value into the formula.",
    "Substitute the known value into the original formula.",
    "Okay, let me think.",
  ];
  const traces = fc
    .array(fc.record({ problem: fc.nat(6), wordings: fc.subarray(WORDINGS) }), {
      minLength: 2,
      maxLength: 25,
    })
    .map((all) => all.map(({ problem, wordings }, i) => trace(problem, wordings.join(" "), i)));
  const shuffled = traces.chain((all) =>
    fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })),
  );

  test("of the traces changes nothing", () => {
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        expect(groups(other)).toEqual(groups(one));
      }),
    );
  });

  test("of the traces does not change what is kept where memory ends, and whole problems are", () => {
    fc.assert(
      fc.property(shuffled, fc.integer({ min: 1, max: 40 }), ([one, other], most) => {
        const [left, right] = [corpusOf(one, most), corpusOf(other, most)];
        expect(left.steps <= most || left.problems.size <= 1).toBe(true);
        expect(finished(right)).toEqual(finished(left));
        expect([right.share, right.steps]).toEqual([left.share, left.steps]);
        const kept = new Set(left.problems.keys());
        const all = corpusOf(one.filter(({ task }) => kept.has(digest(problemOf(task)))));
        expect(all.steps).toBe(left.steps);
      }),
    );
  });
});
