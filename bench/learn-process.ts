// One process that looks at transcripts as `handbook learn --dry-run` does, and prints what that took as JSON.
import { THE_FILE } from "../src/adapters/readers/transcripts.ts";
import { dryRun } from "../src/cli/learn-run.ts";

export interface Figures {
  traces: number;
  refused: number;
  /** Files that hold no transcript. */
  files_refused: number;
  reasons: string[];
  seconds: number;
  peak_mb: number;
}

const start = performance.now();
const options = { from: "auto", concurrency: 1, timeout: 1, json: true } as const;
const { read, refusals } = await dryRun(process.argv.slice(2), options);
const files_refused = refusals.filter(({ place }) => place === THE_FILE).length;
const figures: Figures = {
  traces: read,
  refused: refusals.length - files_refused,
  files_refused,
  reasons: refusals.map(({ file, place, reason }) => `${file}, ${place}: ${reason}`),
  seconds: (performance.now() - start) / 1000,
  peak_mb: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(figures));
