import type { Attempt } from "../ports/experiment.ts";

/** What tasks of its kind needed. Tokens are output tokens as the caller counted them. */
export interface Effort {
  /** Attempts with an outcome that somebody else told than the agent, and a true count. */
  attempts: number;
  /** Of the successes. */
  median_tokens: number;
  p90_tokens: number;
  /** Share of successes in the shorter half of the attempts, and in the longer one. */
  shorter_succeeded: number;
  longer_succeeded: number;
}

const MIN_SUCCESSES = 8;

/**
 * What similar tasks needed; undefined where fewer than 8 successes are known. It says what went together, not what
 * caused what: hard tasks take long and fail more often.
 */
export function effortOf(attempts: readonly Attempt[]): Effort | undefined {
  const known = attempts
    .filter((one) => one.outcome !== "unknown" && one.evidence !== "self" && one.output_tokens !== undefined)
    .map(({ outcome, output_tokens = 0 }) => ({ isSuccess: outcome === "success", tokens: output_tokens }))
    .sort((a, b) => a.tokens - b.tokens);
  const needed = known.filter(({ isSuccess }) => isSuccess).map(({ tokens }) => tokens);
  if (needed.length < MIN_SUCCESSES) return undefined;
  const half = Math.floor(known.length / 2);
  return {
    attempts: known.length,
    median_tokens: quantile(needed, 0.5),
    p90_tokens: quantile(needed, 0.9),
    shorter_succeeded: succeeded(known.slice(0, half)),
    longer_succeeded: succeeded(known.slice(-half)),
  };
}

function succeeded(attempts: readonly { isSuccess: boolean }[]): number {
  const share = attempts.filter(({ isSuccess }) => isSuccess).length / attempts.length;
  return Math.round(share * 100) / 100;
}

/** The nearest rank: a value that occurred. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
