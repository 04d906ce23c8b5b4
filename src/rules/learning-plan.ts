import type { QueuedReflection } from "../ports/learning.ts";
import type { TraceSummary } from "../ports.ts";

/** Traces in one reflection at most: of more, too little of each would be shown. */
const MOST_TOGETHER = 5;

/** A trace as planning sees it; `tokens` is the length of what a prompt would show of it. */
export type PlannedTrace = Omit<TraceSummary, "created_at"> & { handbook: string; tokens: number };

/** Traces in which the same step comes back, and the tokens that were spent on it. */
export interface RecurrentGroup {
  trace_ids: readonly string[];
  stake: number;
  /** The step, in the words of one of them. */
  step?: string | undefined;
}

/** A reflection that is to be made; `tokens` is what its prompt shows of the traces. */
export type PlannedReflection = QueuedReflection & { tokens: number };

/**
 * What to reflect on, in which order: steps that come back in attempts at different tasks, those with most tokens at stake
 * first; then failures, those that somebody tested first; then tested successes; then the rest. Within each, what cost most
 * tokens comes first.
 *
 * Attempts at one task are looked at together, as are those of a group, as many as `reflectionTokens` holds whole, up to five.
 * A trace is looked at once. Ids order what is equal, so that the same traces make the same plan.
 */
export function learningPlan(
  traces: readonly PlannedTrace[],
  groups: readonly RecurrentGroup[],
  reflectionTokens: number,
): PlannedReflection[] {
  const byId = new Map(traces.map((trace) => [trace.id, trace]));
  const taken = new Set<string>();
  const plan: PlannedReflection[] = [];
  for (const { trace_ids, stake, step } of groups.toSorted((a, b) => b.stake - a.stake)) {
    const members = trace_ids.flatMap((id) => (taken.has(id) ? [] : (byId.get(id) ?? [])));
    for (const own of Map.groupBy(members, ({ handbook }) => handbook).values()) {
      const tasks = new Set<string>();
      const distinct = own
        .toSorted((a, b) => a.tokens - b.tokens || byIdOf(a, b))
        .filter(({ task }) => !tasks.has(task) && tasks.add(task));
      const [shown = []] = chunks(distinct, reflectionTokens, 2);
      if (shown.length < 2) continue;
      for (const { id } of shown) taken.add(id);
      plan.push({
        ...together(shown, reflectionTokens),
        rank: 0,
        stake,
        ...(step !== undefined && { step }),
      });
    }
  }
  const rest = traces.filter(({ id }) => !taken.has(id)).toSorted(byIdOf);
  for (const attempts of Map.groupBy(rest, ({ handbook, task }) => `${handbook} ${task}`).values()) {
    for (const shown of chunks(attempts, reflectionTokens, 1)) {
      plan.push({
        ...together(shown, reflectionTokens),
        rank: Math.min(...shown.map(rankOf)),
        stake: shown.reduce((sum, { output_tokens }) => sum + output_tokens, 0),
      });
    }
  }
  return plan.sort((a, b) => a.rank - b.rank || b.stake - a.stake || (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** What identifies a planned reflection: its traces. */
export function keyOf({ trace_ids }: Pick<QueuedReflection, "trace_ids">): string {
  return [...trace_ids].sort().join(",");
}

function rankOf({ outcome, evidence }: PlannedTrace): number {
  const isTested = evidence === "test" || evidence === "checker" || evidence === "user";
  if (outcome === "failure") return isTested ? 1 : 2;
  return outcome === "success" && isTested ? 3 : 4;
}

/** In order, each with what fits and at least `least`. */
function chunks(traces: readonly PlannedTrace[], budget: number, least: number): PlannedTrace[][] {
  const made: PlannedTrace[][] = [];
  let tokens = 0;
  for (const trace of traces) {
    const last = made.at(-1);
    tokens += trace.tokens;
    const fits =
      last !== undefined && last.length < MOST_TOGETHER && (tokens <= budget || last.length < least);
    if (fits) last.push(trace);
    else {
      made.push([trace]);
      tokens = trace.tokens;
    }
  }
  return made;
}

function together(traces: readonly PlannedTrace[], budget: number) {
  const tokens = traces.reduce((sum, trace) => sum + trace.tokens, 0);
  return {
    handbook: traces[0]?.handbook ?? "",
    trace_ids: traces.map(({ id }) => id),
    tokens: Math.min(tokens, budget),
  };
}

function byIdOf(a: PlannedTrace, b: PlannedTrace): number {
  return a.id < b.id ? -1 : 1;
}

/** What something costs, or is expected to. */
export interface Cost {
  calls: number;
  input_tokens: number;
  output_tokens: number;
}

// Read off the prompts with ten known behaviors; answers are as long as those of models without long thinking.
const REFLECT_PROMPT = 1100;
const EXTRACT_PROMPT = 150;
const SOLVE_PROMPT = 60;
const REFLECTION = 900;
const EXTRACTION = 500;
const SOLUTION = 1500;

/** What the prompts of reflections hold, about, for whoever reads them. */
export function promptTokens(plan: readonly { tokens: number }[]): number {
  return plan.reduce((sum, { tokens }) => sum + REFLECT_PROMPT + tokens, 0);
}

/** Expected of a reflection: its two calls, the second of which reads all of the first. */
export function reflectionCost({ tokens }: { tokens: number }): Cost {
  const prompt = REFLECT_PROMPT + tokens;
  return {
    calls: 2,
    input_tokens: 2 * prompt + REFLECTION + EXTRACT_PROMPT,
    output_tokens: REFLECTION + EXTRACTION,
  };
}

/** Expected of solving a problem of so many tokens, and of the reflection on that. */
export function solutionCost(tokens: number): { solving: Cost; reflecting: Cost } {
  return {
    solving: { calls: 1, input_tokens: SOLVE_PROMPT + tokens, output_tokens: SOLUTION },
    reflecting: reflectionCost({ tokens: tokens + SOLUTION }),
  };
}

export function tokensOf({ input_tokens, output_tokens }: Cost): number {
  return input_tokens + output_tokens;
}

/**
 * What is expected to be begun within a budget of tokens, and its cost: problems in their order, each with the reflection on it,
 * then the plan in its order, to the first that does not fit.
 */
export function estimateLearning(
  problems: readonly { tokens: number }[],
  plan: readonly { tokens: number }[],
  budget = Number.POSITIVE_INFINITY,
): Cost & { problems: number; reflections: number } {
  const total = { calls: 0, input_tokens: 0, output_tokens: 0, problems: 0, reflections: 0 };
  const admit = (costs: readonly Cost[]) => {
    if (costs.reduce((sum, cost) => sum + tokensOf(cost), tokensOf(total)) > budget) return false;
    for (const cost of costs) {
      total.calls += cost.calls;
      total.input_tokens += cost.input_tokens;
      total.output_tokens += cost.output_tokens;
    }
    return true;
  };
  for (const { tokens } of problems) {
    const { solving, reflecting } = solutionCost(tokens);
    if (!admit([solving, reflecting])) break;
    total.problems++;
    total.reflections++;
  }
  for (const item of plan) {
    if (!admit([reflectionCost(item)])) break;
    total.reflections++;
  }
  return total;
}
