import { expect, test } from "vitest";
import type { Episode } from "../../../src/model/episode.ts";
import { measureLift } from "../../../src/rules/lift/lift.ts";
import { episode, gaussian, seeded } from "../episodes.ts";

/** Tasks of which the hard ones, or the later ones, are held out more often: the arms differ by themselves. */
function confounded(count: number, effect: number, by: "difficulty" | "time"): Episode[] {
  const next = seeded(5);
  return Array.from({ length: count }, (_, i) => {
    const hard = by === "difficulty" ? next() < 0.5 : i > count / 2;
    const holdout = hard ? 0.5 : 0.1;
    const arm = next() < holdout ? "control" : "served";
    const log = 7 + (hard ? 1 : 0) + (arm === "served" ? effect : 0) + 0.3 * gaussian(next);
    return episode({
      arm,
      holdout,
      tokens: Math.exp(log),
      covariates: { ...episode().covariates, task_tokens: by === "difficulty" && hard ? 900 : 300 },
    });
  });
}

function naiveRatio(episodes: readonly Episode[]): number {
  const mean = (arm: Episode["arm"]) => {
    const logs = episodes.filter((e) => e.arm === arm).map(({ tokens = 1 }) => Math.log(tokens));
    return logs.reduce((sum, log) => sum + log, 0) / logs.length;
  };
  return Math.exp(mean("served") - mean("control"));
}

test.each(["difficulty", "time"] as const)("the effect is found where the arms differ by %s", (by) => {
  const episodes = confounded(3000, Math.log(0.8), by);
  const { estimate = 0, low = 0, high = 0, verdict } = measureLift(episodes).handbook.token_ratio;
  expect(naiveRatio(episodes)).toBeLessThan(0.62);
  expect(estimate).toBeGreaterThan(0.77);
  expect(estimate).toBeLessThan(0.83);
  expect(low).toBeLessThan(0.8);
  expect(high).toBeGreaterThan(0.8);
  expect(verdict).toBe("better");
});

test("without an effect nothing is claimed, however much the arms differ by themselves", () => {
  expect(measureLift(confounded(3000, 0, "difficulty")).handbook.token_ratio.verdict).toBe("undecided");
});

test("the same episodes give the same bits, and all of it is JSON", () => {
  const lift = measureLift(confounded(600, -0.2, "time"));
  expect(measureLift(confounded(600, -0.2, "time"))).toEqual(lift);
  expect(JSON.parse(JSON.stringify(lift))).toEqual(lift);
});

test("nothing drawn is no effect and no error", () => {
  const lift = measureLift([]);
  expect(lift).toMatchObject({ behaviors: [], trustworthy: false, doubts: ["No task has settled yet."] });
  expect(lift.handbook.token_ratio).toMatchObject({
    verdict: "too-early",
    served: 0,
    control: 0,
    series: [],
  });
  expect(lift.handbook.token_ratio.more_needed).toBeUndefined();
  expect(JSON.stringify(lift)).not.toMatch(/null/);
});

test("one arm alone, by chance or by decree, says nothing", () => {
  const control = { arm: "control", tokens: 1000, outcome: "success", evidence: "test" } as const;
  for (const holdout of [0.1, 1]) {
    const lift = measureLift(Array.from({ length: 500 }, () => episode({ ...control, holdout })));
    expect(lift.handbook.token_ratio).toMatchObject({ verdict: "too-early", served: 0 });
    expect(lift.counts.excluded).toBe(holdout === 1 ? 500 : 0);
  }
  const off = measureLift(Array.from({ length: 500 }, () => episode({ holdout: 0, tokens: 1000 })));
  expect(off.counts.excluded).toBe(500);
  expect(off.handbook.token_ratio).toMatchObject({ verdict: "too-early", served: 0, control: 0 });
  expect(off.doubts[0]).toMatch(/nothing to compare/);
});

test("no interval until the burn-in is over in both arms, and about how many tasks that takes", () => {
  const arms = (count: number, every: number) =>
    Array.from({ length: count }, (_, i) =>
      episode({ arm: i % every === 0 ? "control" : "served", tokens: 1000 + (i % 7) }),
    );
  const early = measureLift(arms(120, 10)).handbook.token_ratio;
  expect(early).toMatchObject({ verdict: "too-early", burn_in: { needed: { episodes: 200, without: 20 } } });
  expect(early.low).toBeUndefined();
  // 100 of the 120 count (20 trained), with 10 of the control arm: 100 more of each arm's share are missing.
  expect(early.burn_in.have).toEqual({ episodes: 100, without: 10 });
  expect(early.more_needed).toBe(100);
  expect(measureLift(arms(1000, 100)).handbook.token_ratio.verdict).toBe("too-early");
  const { series, low, high } = measureLift(arms(1000, 10)).handbook.token_ratio;
  expect(series.length).toBeLessThanOrEqual(200);
  expect(series[0]?.episodes).toBeGreaterThanOrEqual(200);
  expect(series.at(-1)).toMatchObject({ episodes: 980, low, high });
});

test("unknown outcomes are missing, not failures, and nobody's own word is no test", () => {
  const lift = measureLift([
    ...Array.from({ length: 30 }, () => episode({ outcome: "success", evidence: "self" })),
    ...Array.from({ length: 20 }, () => episode({ outcome: "success", evidence: "checker" })),
    ...Array.from({ length: 50 }, () => episode()),
  ]);
  expect(lift.handbook.success).toMatchObject({ served: 50, means: { served: 1 } });
  expect(lift.handbook.tested).toMatchObject({ served: 20, means: { served: 1 } });
  expect(lift.counts).toMatchObject({ known: 50, tested: 20, episodes: 100 });
});

test("counts of tokens that are none are missing", () => {
  const lift = measureLift(
    [Number.NaN, 0, -5, Number.POSITIVE_INFINITY, undefined, 1000].map((tokens) => episode({ tokens })),
  );
  expect(lift.counts.with_tokens).toBe(1);
  expect(lift.handbook.tokens.means.served).toBe(1000);
  expect(lift.handbook.token_ratio.means.served).toBeCloseTo(1000, 9);
});

test("a behavior is measured against the tasks it was withheld from, and help is told from harm", () => {
  const next = seeded(9);
  const lift = measureLift(
    Array.from({ length: 4000 }, () => {
      const withheld = next() < 0.6 ? Math.floor(next() * 3) : undefined;
      const log = 7 + 0.4 * gaussian(next) + (withheld === 0 ? 0.4 : withheld === 1 ? -0.4 : 0);
      return episode({
        arm: withheld === undefined ? "served" : "withheld",
        ...(withheld !== undefined && { withheld }),
        holdout: 0,
        withhold: 0.6,
        candidates: ["d/good", "d/harmful", "d/idle"],
        tokens: Math.exp(log),
      });
    }),
  );
  const [good, harmful, idle] = lift.behaviors;
  expect([good?.finding, harmful?.finding, idle?.finding]).toEqual(["helps", "harms", undefined]);
  expect(good?.token_ratio.estimate).toBeCloseTo(Math.exp(-0.4), 1);
  expect(harmful?.token_ratio).toMatchObject({ claimed: "worse", verdict: "worse" });
  expect(good?.shrunk).toBeLessThan(idle?.shrunk ?? 0);
  expect(harmful?.shrunk).toBeGreaterThan(idle?.shrunk ?? 0);
  expect(good).toMatchObject({ candidate: 4000, shown: 4000 - (good?.withheld ?? 0) });
});

test("control episodes say nothing of one behavior, and a behavior never withheld has no effect", () => {
  const lift = measureLift(
    Array.from({ length: 300 }, (_, i) =>
      episode({ arm: i % 2 ? "control" : "served", tokens: 1000 + (i % 5), holdout: 0.5 }),
    ),
  );
  expect(lift.behaviors).toMatchObject([
    {
      candidate: 150,
      shown: 150,
      withheld: 0,
      shrunk: 0,
      token_ratio: { verdict: "too-early", e_better: 1 },
    },
  ]);
});

test("a control trace that names a behavior is counted, and many of them cast doubt", () => {
  const lift = measureLift(
    Array.from({ length: 40 }, (_, i) => episode({ arm: "control", cited: i < 10 ? [0] : [] })),
  );
  expect(lift.contamination).toEqual({ traces: 10, share: 0.25 });
  expect(lift.doubts.join()).toMatch(/25 % of the control arm's reports/);
});

test("the contrast of citing is labelled observational", () => {
  const episodes = Array.from({ length: 400 }, (_, i) =>
    episode({ tokens: 1000 + (i % 2) * 1000 + (i % 7), cited: i % 2 ? [] : [0] }),
  );
  const { observational, cited, uncited, estimate } = measureLift(episodes).cited;
  expect({ observational, cited, uncited }).toEqual({ observational: true, cited: 190, uncited: 190 });
  expect(estimate).toBeCloseTo(0.5, 1);
});

test("what the handbook costs is charged to the tasks that read it, and no report where a hook wrote it", () => {
  const { cost } = measureLift([
    episode({ served_tokens: 100, report_tokens: 500 }),
    episode({ served_tokens: 300, report_tokens: 700, by_hook: true }),
    episode({ arm: "control", served_tokens: 900, report_tokens: 900 }),
  ]).counts;
  expect(cost).toEqual({ read_tokens: 200, report_tokens: 250 });
});
