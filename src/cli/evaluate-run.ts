import { setTimeout as sleep } from "node:timers/promises";
import { HandbookError } from "../errors.ts";
import { attemptProblem, type Evaluation, knownProblems } from "../lifecycle/evaluate.ts";
import { handbookToRead, homeHandbook } from "../lifecycle/handbooks.ts";
import { inOrder } from "../lifecycle/in-order.ts";
import { fittingBehaviors } from "../lifecycle/retrieve.ts";
import type { Arm, Job, Missing, Row } from "../model/evaluation.ts";
import type { Check, Problem } from "../model/problem.ts";
import type { Ports } from "../ports.ts";
import { type Cell, summarize } from "../rules/evaluation/summary.ts";
import { EXAMPLE_PRICES, type Prices } from "../rules/lift/account.ts";
import { several } from "../rules/lift/figures.ts";
import { startBar } from "./import-progress.ts";
import { writeWhole } from "./whole-file.ts";

/** What is run, and how. */
export interface EvaluationPlan {
  evaluation: Evaluation;
  arms: Arm[];
  budgets: number[];
  seeds: number;
  concurrency: number;
  prices?: Prices | undefined;
}

/** What came of it. It depends on the answers alone, not on when or how often they were asked for. */
export interface EvaluationResult {
  handbook: string;
  model: string;
  strategist: string;
  problems: number;
  refused: { line: number; reason: string }[];
  seeds: number;
  check: Check;
  top: number;
  by_topic: boolean;
  attempts: number;
  /** Behaviors in a prompt of the arm `behaviors`, mean. */
  served?: number;
  /** Problems that the handbook's own traces are about; only there where the arm `behaviors` is. */
  known_problems?: number;
  prices: Prices;
  /** Nobody set any: the prices are an example. */
  are_example_prices: boolean;
  cells: Cell[];
  failures: Missing[];
}

const BUILDING_MS = 60_000;
const PAUSE_MS = 200;
const AHEAD = 16; // of what is asked at once: one slow answer holds up the file, not the others
const GIVES_UP_AFTER = 20; // requests in a row that the endpoint did not answer

/** Runs all jobs, a few at a time, writes each attempt to `jsonl` in the order of the jobs, and sums up. */
export async function runEvaluation(
  ports: Ports,
  plan: EvaluationPlan,
  problems: readonly Problem[],
  refused: EvaluationResult["refused"],
  jsonl: string | undefined,
): Promise<EvaluationResult> {
  const { evaluation, arms, budgets, seeds, concurrency } = plan;
  const handbook = await handbookToRead(ports.ledger, evaluation.handbook ?? homeHandbook(ports));
  let known: number | undefined;
  if (arms.includes("behaviors")) {
    known = await knownProblems(ports, handbook, problems);
    if (known > 0) console.error(`warning: ${knownNote(known, problems.length)}`);
    await indexBuilt(ports, handbook, problems[0]?.task ?? "");
  }
  const jobs = problems.flatMap((problem) =>
    budgets.flatMap((budget) =>
      Array.from({ length: seeds }, (_, i) =>
        arms.map((arm) => ({ problem, budget, seed: i + 1, arm })),
      ).flat(),
    ),
  );
  const perSeed = budgets.length * problems.length * seeds;
  const requests = perSeed * arms.reduce((sum, arm) => sum + requestsOf(arm, evaluation.attempts), 0);
  console.error(
    `${several(jobs.length, "attempt")}, at most ${several(requests, "request")}: what was paid for before is not asked again.`,
  );
  const rows: Row[] = [];
  await using progress = await startProgress(jobs.length);
  const lines = async function* () {
    let inARow = 0;
    const begun = inOrder(jobs, { concurrency, ahead: concurrency * AHEAD }, async ({ problem, ...rest }) => {
      const job = { ...rest, problem: problem.id };
      return async () => {
        if (inARow >= GIVES_UP_AFTER) return missing(job, NOT_ASKED);
        const row = await attemptProblem(ports, evaluation, problem, job).catch((error: unknown) =>
          missing(job, error),
        );
        inARow = "failure" in row && row.failure.code === "LLM_UNAVAILABLE" ? inARow + 1 : 0;
        progress.show(row);
        return row;
      };
    });
    for await (const ended of begun) {
      if ("error" in ended) throw ended.error;
      const row = ended.result;
      rows.push("failure" in row ? row : { ...row, text: "", reasoning: undefined }); // the long texts are not kept
      yield `${JSON.stringify(row)}\n`;
    }
  };
  if (jsonl !== undefined) await writeWhole(jsonl, lines());
  else for await (const _ of lines());
  const prices = plan.prices ?? EXAMPLE_PRICES;
  const served = rows.flatMap((row) =>
    row.arm === "behaviors" && !("failure" in row) ? row.behaviors.length : [],
  );
  return {
    handbook,
    model: evaluation.models.student.model,
    strategist: evaluation.models.strategist.model,
    problems: problems.length,
    refused,
    seeds,
    check: evaluation.check,
    top: evaluation.top,
    by_topic: evaluation.byTopic,
    attempts: evaluation.attempts,
    ...(served.length > 0 && { served: served.reduce((a, b) => a + b, 0) / served.length }),
    ...(known !== undefined && { known_problems: known }),
    prices,
    are_example_prices: plan.prices === undefined,
    cells: summarize(rows, { arms, budgets }, prices),
    failures: rows.filter((row) => "failure" in row),
  };
}

/** How many requests one attempt takes, where none of them was answered for another arm or seed. */
function requestsOf(arm: Arm, attempts: number): number {
  if (arm === "self-improve") return 3 * attempts + 1; // each first attempt is made, reflected on and extracted from
  return arm === "critique-revise" ? 2 : 1;
}

/** What the arm `behaviors` measures where the handbook was learned from the same problems. */
export function knownNote(known: number, problems: number): string {
  return `${known.toLocaleString("en")} of the ${several(problems, "problem")} ${known === 1 ? "stands" : "stand"} in the handbook's own traces, in these words or nearly: on them it is memory that is measured, not skill.`;
}

/** Waits until the whole handbook is searched: what is found, and so what is paid for, must not hang on the time. */
async function indexBuilt(ports: Ports, handbook: string, task: string): Promise<void> {
  for (let waited = 0; waited < BUILDING_MS; waited += PAUSE_MS) {
    const { sources } = await fittingBehaviors(ports, { task, handbook });
    if (!sources.includes("partial")) return;
    await sleep(PAUSE_MS);
  }
  console.error("warning: the index is still being built; run `handbook reindex` first, or not all is found");
}

const NOT_ASKED = new HandbookError(
  "LLM_UNAVAILABLE",
  `not asked: ${GIVES_UP_AFTER} requests in a row failed`,
  {
    fix: "Run it again when the endpoint answers: what was answered is kept",
  },
);

function missing(job: Job, error: unknown): Missing {
  if (!(error instanceof HandbookError)) throw error;
  return { ...job, failure: { code: error.code, message: error.message } };
}

interface Progress extends AsyncDisposable {
  show(row: Row): void;
}

async function startProgress(total: number): Promise<Progress> {
  const counts = { right: 0, failed: 0 };
  const bar = await startBar(
    "[{bar}] {percentage}%  {value} of {total} attempts, {right} right, {failed} failed, {eta_formatted} left",
    total,
    counts,
  );
  return {
    show(row) {
      if ("failure" in row) counts.failed++;
      else if (row.is_right) counts.right++;
      bar.increment(1, counts);
    },
    [Symbol.asyncDispose]: async () => bar.stop(),
  };
}
