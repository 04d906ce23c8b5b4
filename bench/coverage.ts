import { OUTCOMES } from "../src/rules/lift/outcomes.ts";
import { type Run, runOnce } from "./coverage-runs.ts";
import { curves } from "./picture.ts";
import { type Regret, regretOf } from "./regret.ts";
import type { Options, Result, Row } from "./report.ts";
import { WORLD, type World } from "./simulated-tasks.ts";

const RUNS = 500;
const SEED = 1;
const REGRET_EPISODES = 4000;
const REGRET_RUNS_SHARE = 0.1; // one takes as long as several others, and its curve is a mean

/** Every trace comes, with its tokens and its outcome; effects are there from the start. */
const COMPLETE = { learning: 0, hours: { served: 0.1, control: 0.1 }, counted: 1, told: 2 };

const WORLDS = {
  "-20 %, SD 0.67": { ...WORLD, ...COMPLETE },
  "-20 %, SD 1.0": { ...WORLD, ...COMPLETE, residual: 1 },
  "-20 % on average, growing; late and missing": WORLD,
  "… SD 1.0": { ...WORLD, residual: 1 },
  "… hold-out 20 %, later 5 %": { ...WORLD, holdout: (i: number) => (i < 500 ? 0.2 : 0.05) },
  "no effect; late and missing": { ...WORLD, effect: 0, spread: 0, success: 0 },
  "control answers twice as late": { ...WORLD, hours: { served: 8, control: 16 } },
  "12 behaviors, 30 % withhold, 3,000 tasks": {
    ...WORLD,
    behaviors: 12,
    withhold: 0.3,
    spread: 0.1,
    episodes: 3000,
  },
} satisfies Record<string, World>;
type WorldName = keyof typeof WORLDS;
const NULL = "no effect; late and missing";
const ATTRITION = "control answers twice as late";
const BEHAVIORS = "12 behaviors, 30 % withhold, 3,000 tasks";
/** Where the truth must be in the interval at every look; under differential attrition nothing is promised. */
const COVERED = (Object.keys(WORLDS) as WorldName[]).filter((name) => name !== ATTRITION);

export async function run({ runs: count = RUNS, seed = SEED }: Options): Promise<Result> {
  const results = new Map<WorldName, Run[]>();
  for (const name of Object.keys(WORLDS) as WorldName[]) {
    console.error(`${name}: ${count} runs`);
    results.set(
      name,
      Array.from({ length: count }, (_, i) => runOnce(WORLDS[name], seed * 1_000_003 + i * 7919)),
    );
  }
  const regrets = Array.from({ length: Math.max(1, Math.round(count * REGRET_RUNS_SHARE)) }, (_, i) =>
    regretOf(REGRET_EPISODES, seed * 1_000_003 + i * 7919),
  );
  return report(results, averaged(regrets), count, seed);
}

async function report(
  results: ReadonlyMap<WorldName, Run[]>,
  regret: Regret,
  runs: number,
  seed: number,
): Promise<Result> {
  const of = (name: WorldName) => results.get(name) ?? [];
  const nothing = of(NULL);
  const effects = OUTCOMES.map((outcome) => ({
    outcome,
    coverage: Math.min(...COVERED.map((name) => share(of(name), (run) => run.covered[outcome]))),
    claimed: share(nothing, (run) => run.claimedAt[outcome] !== undefined),
  }));
  const coverage = Math.min(...effects.map((effect) => effect.coverage));
  const falseClaims = Math.max(...effects.map(({ claimed }) => claimed));
  const anyFalse = share(nothing, (run) => OUTCOMES.some((outcome) => run.claimedAt[outcome] !== undefined));
  const power = (name: WorldName) => share(of(name), (run) => run.savedAt !== undefined);
  const [power067, power100] = [power("-20 %, SD 0.67"), power("-20 %, SD 1.0")];
  const naive = share(nothing, (run) => run.naive.isClaimed);
  const cited = share(nothing, (run) => run.cited.isClaimed);
  const flagged = share(of(ATTRITION), (run) => run.differs);
  const falselyFlagged = share(nothing, (run) => run.differs);
  const behaviors = of(BEHAVIORS).map((run) => run.behaviors);
  const total = (key: "judged" | "covered" | "claims" | "wrong") => mean(behaviors.map((b) => b[key]));
  const ends = { similarity: regret.similarity.at(-1) ?? 0, lift: regret.lift.at(-1) ?? 0 };
  const rows: Row[] = [
    percent("truth in the interval at every look, worst world and effect", coverage, atLeast(0.93, coverage)),
    ...effects.map((effect) => percent(`… ${effect.outcome}`, effect.coverage)),
    percent(
      "no effect: an interval that excludes it at some look, worst effect",
      falseClaims,
      atMost(0.07, falseClaims),
    ),
    percent("… any of the four", anyFalse),
    percent("no effect: tasks with behaviors against tasks without, claimed by Welch's test", naive),
    percent("… tasks that cite against tasks that do not", cited),
    percent(
      "-20 % of tokens, SD 0.67: certain within 1,500 tasks",
      power067,
      atLeast(0.8, power067),
      medianAt(of("-20 %, SD 0.67")),
    ),
    percent("… SD 1.0", power100, undefined, medianAt(of("-20 %, SD 1.0"))),
    percent("attrition of 5 % and 22 %: flagged within 1,500 tasks", flagged, atLeast(0.9, flagged)),
    percent("… where there is none", falselyFlagged),
    percent(
      "single behaviors: truth in the last interval",
      total("covered") / Math.max(1e-9, total("judged")),
    ),
    figure("… claims per handbook of 12 after 3,000 tasks, 30 % withhold", total("claims")),
    figure("… of them wrong", total("wrong")),
    figure("regret at the end, similarity alone, log tokens per task", ends.similarity),
    figure("… with measured lift", ends.lift, {
      text: `less than ${ends.similarity.toFixed(3)}`,
      holds: ends.lift < ends.similarity,
    }),
  ];
  return {
    keys: {
      runs,
      seed,
      coverage,
      coverage_by_effect: Object.fromEntries(effects.map((effect) => [effect.outcome, effect.coverage])),
      power_at_1500_sd067: power067,
      power_at_1500_sd100: power100,
      false_claims: falseClaims,
      false_claims_any: anyFalse,
      naive_false_claims: naive,
      cited_false_claims: cited,
      attrition_flagged: flagged,
      attrition_falsely_flagged: falselyFlagged,
      behaviors: {
        coverage: total("covered") / Math.max(1e-9, total("judged")),
        claims: total("claims"),
        wrong: total("wrong"),
      },
      regret: { episodes: regret.episodes, similarity: regret.similarity, lift: regret.lift },
    },
    tables: [worldTable(results)],
    rows,
    picture: await curves(
      "Regret per task, in log tokens",
      { x: "tasks", y: "regret" },
      [
        {
          label: "similarity alone",
          points: regret.episodes.map((x, i) => ({ x, y: regret.similarity[i] ?? 0 })),
        },
        {
          label: "with measured lift",
          points: regret.episodes.map((x, i) => ({ x, y: regret.lift[i] ?? 0 })),
        },
      ],
      "with measured lift",
    ),
    faults: [],
  };
}

function worldTable(results: ReadonlyMap<WorldName, Run[]>) {
  const head = [
    "world",
    "true ratio",
    "bias",
    "interval ±",
    "covered",
    "certain",
    "naive error",
    "cited error",
  ];
  const lines = [...results].map(([name, runs]) => [
    name,
    Math.exp(mean(runs.map(({ truth }) => truth))).toFixed(3),
    mean(runs.map(({ error }) => error)).toFixed(4),
    mean(runs.map(({ halfWidth }) => halfWidth)).toFixed(3),
    OUTCOMES.map((outcome) => (share(runs, (run) => run.covered[outcome]) * 100).toFixed(1)).join(" "),
    OUTCOMES.map((outcome) =>
      (share(runs, (run) => run.claimedAt[outcome] !== undefined) * 100).toFixed(0),
    ).join(" "),
    mean(runs.map(({ naive }) => naive.error)).toFixed(2),
    mean(runs.map(({ cited }) => cited.error)).toFixed(2),
  ]);
  return {
    title: `Log tokens (truth, bias, interval, errors); % of runs for ${OUTCOMES.join(", ")} (covered at every look, certain at some look)`,
    lines: [head, ...lines],
    align: ["l", "r", "r", "r", "r", "r", "r", "r"] as const,
  };
}

/** Half of all runs are certain by then; runs that never are count as later than all. */
function medianAt(runs: readonly Run[]): string {
  const at = runs.map((run) => run.savedAt ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const middle = at[Math.floor(at.length / 2)] ?? Number.POSITIVE_INFINITY;
  return Number.isFinite(middle) ? `half by ${middle} tasks` : "half later than 1,500 tasks";
}

function averaged(regrets: readonly Regret[]): Regret {
  const at = (key: "similarity" | "lift") =>
    (regrets[0]?.episodes ?? []).map((_, i) => mean(regrets.map((regret) => regret[key][i] ?? 0)));
  return { episodes: regrets[0]?.episodes ?? [], similarity: at("similarity"), lift: at("lift") };
}

function percent(what: string, value: number, must?: Row["must"], spread?: string): Row {
  return { what, value: `${(value * 100).toFixed(1)} %`, ...(must && { must }), ...(spread && { spread }) };
}

function figure(what: string, value: number, must?: Row["must"]): Row {
  return { what, value: value.toFixed(3), ...(must && { must }) };
}

function atLeast(limit: number, value: number): Row["must"] {
  return { text: `at least ${limit * 100} %`, holds: value >= limit };
}

function atMost(limit: number, value: number): Row["must"] {
  return { text: `at most ${(limit * 100).toFixed(0)} %`, holds: value <= limit };
}

function share(runs: readonly Run[], holds: (run: Run) => boolean): number {
  return runs.filter(holds).length / Math.max(1, runs.length);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);
}
