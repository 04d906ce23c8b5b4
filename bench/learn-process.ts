// One process that reads transcripts and prints what that took as JSON.
import { type ReadingProgress, readTranscripts, THE_FILE } from "../src/adapters/readers/transcripts.ts";

export interface Figures {
  traces: number;
  refused: number;
  /** Files that hold no transcript. */
  files_refused: number;
  /** The first of them. */
  reasons: string[];
  seconds: number;
  bytes: number;
  peak_mb: number;
}

const LISTED = 20;

const progress: ReadingProgress = { total: 0, taken: 0 };
const start = performance.now();
let traces = 0;
let refused = 0;
let files_refused = 0;
const reasons: string[] = [];
for await (const read of readTranscripts(process.argv.slice(2), { progress })) {
  if ("trace" in read) traces++;
  else {
    if (read.place === THE_FILE) files_refused++;
    else refused++;
    if (reasons.length < LISTED) reasons.push(`${read.file}, ${read.place}: ${read.reason}`);
  }
}
const figures: Figures = {
  traces,
  refused,
  files_refused,
  reasons,
  seconds: (performance.now() - start) / 1000,
  bytes: progress.total,
  peak_mb: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(figures));
