import type { TraceSummary } from "../ports.ts";

/**
 * The traces most worth a reflection, first ones first: failures teach most, then attempts whose end somebody
 * tested, then what cost most tokens. One trace per task, so that a task tried often does not crowd out the rest.
 */
export function mostValuable(traces: readonly TraceSummary[], count: number): TraceSummary[] {
  const tasks = new Set<string>();
  return traces
    .toSorted((a, b) => worth(b) - worth(a) || b.output_tokens - a.output_tokens || (a.id < b.id ? 1 : -1))
    .filter(({ task }) => !tasks.has(task) && tasks.add(task))
    .slice(0, count);
}

function worth({ outcome, evidence }: TraceSummary): number {
  const tested = evidence === "test" || evidence === "checker" || evidence === "user" ? 1 : 0;
  return (outcome === "failure" ? 2 : 0) + (outcome === "unknown" ? 0 : tested);
}
