import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mostDiverse } from "../../../src/rules/training/choice.ts";
import { type Taken, takeDistinct } from "../../../src/rules/training/distinct.ts";
import { preferences } from "../../../src/rules/training/pairs.ts";
import { hasTemplateMarks, replyOf, replyText } from "../../../src/rules/training/reply.ts";

describe("a reply", () => {
  test("is the reasoning between marks, then the answer; or the answer alone", () => {
    const reply = replyOf({ reasoning: " First 1, then 2. ", answer: " 3 " });
    expect(replyText(reply, "keep")).toBe("<think>\nFirst 1, then 2.\n</think>\n\n3");
    expect(replyText(reply, "drop")).toBe("3");
  });

  test("without an answer is its reasoning, unless that marks its thinking", () => {
    expect(replyOf({ reasoning: "It is 3." })).toEqual({ answer: "It is 3." });
    expect(replyOf({ reasoning: "<think>hm\n</think>\n\nIt is 3." })).toEqual({
      reasoning: "hm",
      answer: "It is 3.",
    });
  });

  test("never has marks of thinking inside its thinking", () => {
    const reply = replyOf({ reasoning: "<think>a</think> b <think>c", answer: "d</think>" });
    expect(replyText(reply, "keep").match(/<\/?think>/g)).toEqual(["<think>", "</think>"]);
  });

  test("with the marks of a chat template is told", () => {
    for (const text of ["a <|im_end|> b", "<｜end▁of▁sentence｜>", "[INST] x", "<end_of_turn>"])
      expect(hasTemplateMarks(text), text).toBe(true);
    for (const text of ["a < b | c > d", "|x| <= 3", "[1, 2]"])
      expect(hasTemplateMarks(text), text).toBe(false);
  });
});

describe("replies to one problem", () => {
  test("are taken once; nearly the same one is none either", () => {
    const taken: Taken[] = [];
    const words = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu".split(" ");
    const long = words.flatMap((a) => [a, `${a}ward`, `${a}like`]).join(" ");
    expect(takeDistinct(taken, long)).toBeUndefined();
    expect(takeDistinct(taken, long)).toBe("same");
    expect(takeDistinct(taken, `${long} extra`)).toBe("near");
    expect(takeDistinct(taken, "something else altogether")).toBeUndefined();
  });
});

describe("pairs", () => {
  const of = (...tokens: number[]) => tokens.map((n, i) => ({ id: `${i}-${n}`, tokens: n }));

  test("prefer correct over wrong, each wrong one once, shortest correct first", () => {
    expect(
      preferences(
        of(100, 90),
        [
          { id: "w1", tokens: 5 },
          { id: "w2", tokens: 6 },
          { id: "w3", tokens: 7 },
        ],
        0.25,
      ),
    ).toEqual([
      { chosen: "1-90", rejected: "w1", why: "correct over wrong" },
      { chosen: "0-100", rejected: "w2", why: "correct over wrong" },
      { chosen: "1-90", rejected: "w3", why: "correct over wrong" },
    ]);
  });

  test("prefer short over long of correct ones, from the margin on", () => {
    expect(preferences(of(100, 75), [], 0.25)).toMatchObject([{ chosen: "1-75", rejected: "0-100" }]);
    expect(preferences(of(100, 76), [], 0.25)).toEqual([]);
    expect(preferences(of(10, 40, 20, 30), [], 0.25)).toMatchObject([
      { chosen: "0-10", rejected: "1-40" },
      { chosen: "2-20", rejected: "3-30" },
    ]);
  });

  test("need a correct reply: of wrong ones none is preferred", () => {
    expect(preferences([], of(1, 100), 0.25)).toEqual([]);
  });

  test("are of two replies always, and of a problem at most eight of a kind", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500)), fc.array(fc.nat(500)), (right, wrong) => {
        const correct = right.map((tokens, i) => ({ id: `r${i}`, tokens }));
        const bad = wrong.map((tokens, i) => ({ id: `w${i}`, tokens }));
        const found = preferences(correct, bad, 0.25);
        for (const why of ["correct over wrong", "short over long"])
          expect(found.filter((pair) => pair.why === why).length).toBeLessThanOrEqual(8);
        for (const { chosen, rejected } of found) {
          expect(chosen).toMatch(/^r/);
          expect(rejected).not.toBe(chosen);
        }
      }),
    );
  });
});

describe("a small subset", () => {
  /** The same rule without any shortcut. */
  function plainGreedy(options: { features: string[]; value: number }[], most: number): number[] {
    const count = (feature: string) => options.filter(({ features }) => features.includes(feature)).length;
    const covered = new Map<string, number>();
    const chosen: number[] = [];
    while (chosen.length < Math.min(most, options.length)) {
      let best = -1;
      let bestGain = -1;
      for (const [i, { features, value }] of options.entries()) {
        if (chosen.includes(i)) continue;
        const sum = features.reduce(
          (total, one) => total + Math.log(1 + options.length / count(one)) * 0.5 ** (covered.get(one) ?? 0),
          0,
        );
        const gain = features.length === 0 ? 0 : (value * sum) / Math.sqrt(features.length);
        if (gain > bestGain) [best, bestGain] = [i, gain];
      }
      chosen.push(best);
      for (const one of options[best]?.features ?? []) covered.set(one, (covered.get(one) ?? 0) + 1);
    }
    return chosen;
  }

  test("covers what is there before it repeats", () => {
    const options = [
      ["a", "b"],
      ["a", "b"],
      ["c", "d"],
      ["a", "e"],
    ].map((features) => ({ features, value: 1 }));
    expect(mostDiverse(options, 3).toSorted()).not.toContain(1);
    expect(mostDiverse(options, 10)).toHaveLength(4);
  });

  test("is what the plain greedy rule chooses, and its beginning is the choice for fewer", () => {
    const option = fc.record({
      features: fc.uniqueArray(fc.constantFrom(..."abcdefghij"), { maxLength: 5 }),
      value: fc.constantFrom(1, 0.6),
    });
    fc.assert(
      fc.property(fc.array(option, { maxLength: 14 }), fc.nat(10), (options, most) => {
        const chosen = mostDiverse(options, most);
        expect(chosen).toEqual(plainGreedy(options, most));
        expect(mostDiverse(options, Math.floor(most / 2))).toEqual(chosen.slice(0, Math.floor(most / 2)));
      }),
    );
  });
});
