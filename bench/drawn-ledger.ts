// A ledger of drawn tasks with effects that are planted in it: for the speed of the report, and for its tests.
import { monotonicFactory } from "ulid";
import type { Draw } from "../src/model/episode.ts";
import type { Evidence, Outcome } from "../src/model/outcome.ts";
import type { Citation, Trace } from "../src/model/trace.ts";
import type { Use } from "../src/model/use.ts";
import type { Ledger, LedgerWrites } from "../src/ports.ts";
import { draw as drawArm } from "../src/rules/assignment.ts";
import { type Random, random } from "../src/rules/random.ts";
import { between } from "./data.ts";

export interface Planted {
  episodes: number;
  behaviors: number;
  candidates: number;
  /** Factor on the output tokens where all are served, and what is added to the probability of success. */
  ratio: number;
  success: number;
  /** Characters of the reasoning that each trace holds. */
  reasoning: number;
  /** The last task is drawn two days before. */
  until: Date;
  /** Share of tasks that report, with a count of tokens from outside; of these, with a tested outcome. */
  returned: number;
  tested: number;
  name: (i: number) => string;
}

const DEFAULTS: Planted = {
  episodes: 1000,
  behaviors: 40,
  candidates: 8,
  ratio: 0.75,
  success: 0.1,
  reasoning: 200,
  until: new Date("2026-11-20T00:00:00Z"),
  returned: 0.9,
  tested: 0.8,
  name: (i) => `behavior_number_${i}`,
};
const HANDBOOK = "default";
const HOLDOUT = 0.1;
const WITHHOLD = 0.1;
const DAY_MS = 24 * 3_600_000;
const BATCH = 1000; // tasks of one transaction

/** Fills the handbook `default` of an empty ledger, the same for the same numbers. */
export async function plantTasks(ledger: Ledger, given: Partial<Planted> = {}): Promise<void> {
  const planted = { ...DEFAULTS, ...given };
  const { episodes, behaviors, candidates, name, until } = planted;
  const next = random(7);
  const newId = monotonicFactory(next);
  const start = until.getTime() - 90 * DAY_MS;
  const step = (88 * DAY_MS) / episodes;
  const created_at = new Date(start).toISOString();
  const names = Array.from({ length: behaviors }, (_, i) => name(i));
  await ledger.write(async (tx) => {
    if ((await tx.handbook(HANDBOOK)) === undefined) await tx.addHandbook({ slug: HANDBOOK, created_at });
    for (const behavior of names)
      await tx.addRevision({
        ...{ handbook: HANDBOOK, name: behavior, revision: 1, status: "active" },
        ...{ instruction: "Do it well.", when: "", keywords: [], created_at },
        provenance: { author: "import", trace_ids: [] },
        reason: "planted",
      });
  });
  for (let from = 0; from < episodes; from += BATCH)
    await ledger.write(async (tx) => {
      const citations: Citation[] = [];
      for (let i = from; i < Math.min(episodes, from + BATCH); i++) {
        const at = start + i * step;
        const first = between(next, 0, behaviors - 1);
        const found = Array.from(
          { length: Math.min(candidates, behaviors) },
          (_, k) => names[(first + k) % behaviors],
        );
        const drawn = drawOf(newId(at), at, found as string[]);
        await addTask(tx, drawn, planted.reasoning);
        if (next() < planted.returned) citations.push(...(await addTrace(tx, drawn, planted, next, newId)));
      }
      await tx.addCitations(citations);
    });
}

function drawOf(episode_id: string, at: number, names: readonly string[]): Draw {
  const candidates = names.map((name) => ({ handbook: HANDBOOK, name, revision: 1, score: 1 }));
  const { arm, withheld } = drawArm(
    episode_id,
    "salt",
    { holdout: HOLDOUT, withhold: WITHHOLD },
    names.length,
  );
  const task_tokens = 50;
  return {
    ...{ episode_id, arm, holdout: HOLDOUT, withhold: WITHHOLD, candidates },
    ...(withheld !== undefined && { withheld }),
    covariates: { task_tokens, behaviors: names.length, best_fit: 0.8, similar: 0 },
    served_tokens: 60 * names.length,
    seq: 1,
    created_at: new Date(at).toISOString(),
    settles_at: new Date(at + DAY_MS).toISOString(),
  };
}

async function addTask(tx: LedgerWrites, drawn: Draw, size: number): Promise<void> {
  const { episode_id, arm, candidates, withheld, created_at } = drawn;
  const isServed = (place: number) => arm === "served" || (arm === "withheld" && place !== withheld);
  const use: Use = {
    ...{ id: episode_id, episode_id, handbook: HANDBOOK, task: "task ".repeat(Math.ceil(size / 50)), arm },
    served: candidates.filter((_, place) => isServed(place)),
    withheld: candidates.filter((_, place) => !isServed(place)),
    created_at,
  };
  await tx.addUse(use);
  await tx.addDraw(HANDBOOK, drawn);
}

/** An hour later. What it cites comes back, for the end of the transaction. */
async function addTrace(
  tx: LedgerWrites,
  { episode_id, arm, candidates, withheld, created_at }: Draw,
  { ratio, success, reasoning, tested }: Planted,
  next: Random,
  newId: (at: number) => string,
): Promise<Citation[]> {
  const at = Date.parse(created_at) + 3_600_000;
  const helps = arm === "control" ? 0 : 1;
  const output_tokens = Math.round(3000 * Math.exp(0.5 * normal(next) + helps * Math.log(ratio)));
  const outcome: Outcome = next() < 0.6 + helps * success ? "success" : "failure";
  const evidence: Evidence = next() < tested ? "test" : "self";
  const id = newId(at);
  const trace: Trace = {
    ...{ id, handbook: HANDBOOK, task: "task", reasoning: "step ".repeat(Math.ceil(reasoning / 5)) },
    ...{ outcome, evidence, output_tokens, tokens_counted_by: "caller", report_tokens: 300, redacted: [] },
    ...{ use_id: episode_id, episode_id, created_at: new Date(at).toISOString() },
  };
  await tx.addTrace(trace, id);
  const about = { trace_id: id, episode_id, outcome, evidence, created_at: trace.created_at };
  await tx.addOutcomeReport({ id: newId(at), ...about });
  if (helps === 0 || next() < 0.5) return [];
  return candidates
    .filter((_, place) => place < 2 && place !== withheld)
    .map(({ handbook, name, revision }) => ({ trace_id: id, handbook, name, revision }));
}

/** Standard normal, by Box and Muller. */
function normal(next: Random): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
