import { quantile } from "../src/rules/bootstrap.ts";

/** What one thing measured many times comes to. */
export interface Summary {
  p50: number;
  p95: number;
  min: number;
  max: number;
  n: number;
}

export function summarize(samples: readonly number[]): Summary {
  if (samples.length === 0) throw new Error("nothing was measured");
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
    n: sorted.length,
  };
}

export function median(samples: readonly number[]): number {
  return summarize(samples).p50;
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

const CALIBRATION_STEPS = 20_000_000;

/**
 * Milliseconds that a fixed loop of integer arithmetic takes now, median of 5. It stands beside every timing, so
 * that runs on different or on busy machines can be told apart from changes of the program.
 */
export function calibrationMs(): number {
  const times: number[] = [];
  for (let run = 0; run < 6; run++) {
    const start = performance.now();
    let state = run + 1;
    for (let step = 0; step < CALIBRATION_STEPS; step++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
    }
    times.push(performance.now() - start);
    if (state === 0) throw new Error("unreachable: xorshift never gets to 0");
  }
  return median(times.slice(1)); // the first run is compiled while it runs
}
