import type { Episode } from "../model/episode.ts";

type Cell = string | number | boolean | undefined;

/** The columns in their order; docs/measuring.md tells what each means. */
const COLUMNS: Record<string, (episode: Episode) => Cell> = {
  episode_id: ({ id }) => id,
  drawn_at: ({ at }) => new Date(at).toISOString(),
  arm: ({ arm }) => arm,
  holdout: ({ holdout }) => holdout,
  withhold: ({ withhold }) => withhold,
  candidates: ({ candidates }) => candidates.join(" "),
  withheld: ({ candidates, withheld }) => (withheld === undefined ? undefined : candidates[withheld]),
  served_tokens: ({ served_tokens }) => served_tokens,
  task_tokens: ({ covariates }) => covariates.task_tokens,
  behaviors: ({ covariates }) => covariates.behaviors,
  best_fit: ({ covariates }) => covariates.best_fit,
  similar: ({ covariates }) => covariates.similar,
  similar_tokens: ({ covariates }) => covariates.similar_tokens,
  similar_success: ({ covariates }) => covariates.similar_success,
  returned: ({ returned }) => returned,
  output_tokens: ({ tokens }) => tokens,
  report_tokens: ({ report_tokens }) => report_tokens,
  by_hook: ({ by_hook }) => by_hook ?? false,
  outcome: ({ outcome }) => outcome,
  evidence: ({ evidence }) => evidence,
  cited: ({ candidates, cited }) => cited.map((place) => candidates[place]).join(" "),
};

const BATCH = 500; // rows of one write

/** One row per episode under a head, as RFC 4180 has it; what is not known is empty. */
export async function* csv(episodes: AsyncIterable<Episode>): AsyncIterable<string> {
  let rows = [Object.keys(COLUMNS).join(",")];
  const cells = Object.values(COLUMNS);
  for await (const episode of episodes) {
    rows.push(cells.map((cell) => written(cell(episode))).join(","));
    if (rows.length < BATCH) continue;
    yield `${rows.join("\r\n")}\r\n`;
    rows = [];
  }
  if (rows.length > 0) yield `${rows.join("\r\n")}\r\n`;
}

/** True is 1. A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, "CSV Injection"). */
export function written(cell: Cell): string {
  if (cell === undefined) return "";
  if (typeof cell !== "string") return String(Number(cell));
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
