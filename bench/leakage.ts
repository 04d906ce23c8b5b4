import { existsSync } from "node:fs";
import { join } from "node:path";
import { readTestSet } from "../src/adapters/readers/problems-reader.ts";
import { leakFinder } from "../src/rules/training/leakage.ts";
import { BadCall, exactly, type Options, type Result, type Row, row } from "./report.ts";
import { rewordings } from "./rewordings.ts";

const SEED = 7;
const FOLDS = 10;

/** How many reworded problems of MATH-500 the check finds, and how many others it takes for one. */
export async function run({ data = "", seed = SEED }: Options): Promise<Result> {
  const read = async (file: string) => {
    const path = join(data, file);
    if (!existsSync(path)) throw new BadCall(`there is no ${path}: name the folder of the data with --data`);
    return (await readTestSet(path)).map(({ task }) => task);
  };
  const tests = await read("questions/math500/math500.jsonl");
  const find = leakFinder(tests);

  const found: Record<string, number> = {};
  const rows: Row[] = [];
  const start = performance.now();
  for (const [kind, reword] of Object.entries(rewordings(seed))) {
    found[kind] = tests.filter((problem, i) => find(reword(problem))?.problem === i).length;
    const must = kind === "verbatim" ? exactly(tests.length, found[kind]) : undefined;
    rows.push(row(`found, of ${tests.length}: ${kind}`, found[kind], "", must));
  }
  const perProblemMs = (performance.now() - start) / tests.length / Object.keys(found).length;

  const others = {
    aime: await read("questions/aime/aime_1983_2025.jsonl"),
    misguided_attention: [...new Set(await read("traces/misguided_attention/traces.jsonl.gz"))],
  };
  const alarms: Record<string, { problems: number; same: number; false: number }> = {};
  for (const [name, problems] of Object.entries(others)) {
    const leaks = problems.flatMap((text) => ({ text, test: tests[find(text)?.problem ?? -1] ?? "" }));
    const taken = leaks.filter(({ test }) => test !== "");
    const same = taken.filter(({ text, test }) => isCopy(text, test)).length;
    alarms[name] = { problems: problems.length, same, false: taken.length - same };
  }
  // Each problem of the set against the set without it and its fold.
  let within = 0;
  for (let fold = 0; fold < FOLDS; fold++) {
    const rest = leakFinder(tests.filter((_, i) => i % FOLDS !== fold));
    within += tests.filter((text, i) => i % FOLDS === fold && rest(text) !== undefined).length;
  }
  alarms.math500_itself = { problems: tests.length, same: 0, false: within };
  for (const [name, { problems, same, false: wrong }] of Object.entries(alarms)) {
    rows.push(row(`${name}: really in the set, of ${problems}`, same, ""));
    rows.push(row(`${name}: false alarms`, wrong, ""));
  }
  rows.push(row("a look", perProblemMs, "ms"));
  const isWhole = found.verbatim === tests.length;
  return {
    keys: { found, alarms, of: tests.length, per_problem_ms: perProblemMs },
    rows,
    faults: isWhole ? [] : ["a problem of the test set was not found in its own words"],
  };
}

/** Told apart by another measure than the one under test: a long run of the same letters and digits. */
function isCopy(text: string, test: string): boolean {
  const [a, b] = [text, test].map((one) => one.toLowerCase().replace(/[^a-z0-9]/g, ""));
  if (a === undefined || b === undefined) return false;
  let longest = 0;
  let before = new Uint16Array(b.length + 1);
  for (let i = 1; i <= a.length; i++) {
    const row = new Uint16Array(b.length + 1);
    for (let j = 1; j <= b.length; j++)
      if (a[i - 1] === b[j - 1]) {
        row[j] = (before[j - 1] ?? 0) + 1;
        longest = Math.max(longest, row[j] ?? 0);
      }
    before = row;
  }
  return longest >= Math.min(b.length, 40);
}
