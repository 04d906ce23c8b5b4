import type { Collection } from "../lifecycle/collect.ts";
import type { TrainingRow, Version } from "../lifecycle/compose.ts";
import type { Problem } from "../model/problem.ts";
import type { Ports } from "../ports.ts";
import { VERSION } from "../version.ts";

const COUNTED = ["agent", "model", "outcome", "evidence", "handbook", "topic", "license", "pair"] as const;
type Counted = (typeof COUNTED)[number];

/** What is counted of a file while it is written. */
export interface FileAccount {
  file: string;
  version: Version | "pairs";
  rows: number;
  prompts: number[];
  replies: number[];
  counts: Record<Counted, Map<string, number>>;
  redacted: number;
  first: string;
  last: string;
}

export function newAccount(file: string, version: FileAccount["version"]): FileAccount {
  const counts = Object.fromEntries(COUNTED.map((what) => [what, new Map()])) as FileAccount["counts"];
  return { file, version, rows: 0, prompts: [], replies: [], counts, redacted: 0, first: "", last: "" };
}

/** Passes rows on and counts them. Of a pair, both traces and both replies count. */
export async function* counted(
  rows: AsyncIterable<TrainingRow>,
  account: FileAccount,
  { ledger, tokenizer }: Pick<Ports, "ledger" | "tokenizer">,
  text: (reply: TrainingRow["replies"][number]) => string,
): AsyncGenerator<TrainingRow> {
  for await (const row of rows) {
    account.rows++;
    account.prompts.push(await tokenizer.count(row.prompt));
    for (const reply of row.replies) account.replies.push(await tokenizer.count(text(reply)));
    for (const trace of row.traces) {
      const topic = trace.use_id === undefined ? undefined : (await ledger.use(trace.use_id))?.topic;
      for (const what of COUNTED) {
        if (what === "pair") continue;
        const name = (what === "topic" ? topic : trace[what]) ?? "unknown";
        account.counts[what].set(name, (account.counts[what].get(name) ?? 0) + 1);
      }
      if (trace.redacted.length > 0) account.redacted++;
      if (account.first === "" || trace.created_at < account.first) account.first = trace.created_at;
      if (trace.created_at > account.last) account.last = trace.created_at;
    }
    if (row.why !== undefined) account.counts.pair.set(row.why, (account.counts.pair.get(row.why) ?? 0) + 1);
    yield row;
  }
}

/** What stands in the card beside the counts. */
export interface CardFacts {
  command: string;
  made: string;
  format: string;
  filters: readonly string[];
  collection: Collection;
  tests?: { file: string; problems: readonly Pick<Problem, "id">[]; kept: boolean } | undefined;
}

const MEANING: Record<FileAccount["version"], string> = {
  plain:
    "**plain**: replies that were written without behaviors; the prompt is the problem alone. The control of the paper.",
  behaviors:
    "**behaviors**: replies that were written with behaviors in the prompt; the prompt is the problem alone, so that the model takes the behaviors in. This is the behavior-conditioned SFT of the paper (arXiv:2509.13237).",
  "behaviors-in-prompt":
    "**behaviors-in-prompt**: replies that were written with behaviors in the prompt, and the prompt holds the same behaviors. Not in the paper: it teaches to use a handbook, not to do without.",
  pairs:
    "**pairs** for preference optimization: chosen and rejected are two real traces of the same problem; correct over wrong, or short over long where both are correct.",
};

/** The card of what was written: Markdown that says where the data is from and what is not in it. */
export function dataCard(accounts: readonly FileAccount[], facts: CardFacts): string {
  const { collection, tests } = facts;
  return [
    `# Data card: ${accounts.map(({ file }) => `\`${file}\``).join(" and ")}`,
    `Made by behavior-handbook ${VERSION} on ${facts.made}, as ${facts.format}, by`,
    `\`\`\`\n${facts.command}\n\`\`\``,
    `Filters: ${facts.filters.join("; ")}.`,
    accounts.map(({ version }) => `- ${MEANING[version]}`).join("\n"),
    ...(accounts.length > 1 ? ["The files are row by row about the same problems."] : []),
    ...accounts.flatMap((account) => aboutFile(account, accounts.length > 1)),
    "## Left out",
    `Of ${collection.read} traces that were looked at:`,
    table(["reason", "traces or rows"], [...collection.leftOut]),
    "## Leakage",
    ...(tests === undefined
      ? ["Not checked: no test set was given (`--test-set`)."]
      : aboutLeaks(collection, tests)),
    "",
  ].join("\n\n");
}

function aboutFile(account: FileAccount, isOneOfMany: boolean): string[] {
  const { rows, counts, first, last, redacted, prompts, replies } = account;
  const level = isOneOfMany ? "###" : "##";
  return [
    ...(isOneOfMany ? [`## \`${account.file}\``] : []),
    `${level} Counts`,
    `${rows} rows, from traces recorded ${first.slice(0, 10)} to ${last.slice(0, 10)}. Secrets had been taken out of ${redacted} of them when they were recorded.`,
    table(
      ["what", "which", "traces (pairs: rows)"],
      COUNTED.flatMap((what) =>
        [...counts[what]]
          .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
          .map(([name, n]) => [what, name, n]),
      ),
    ),
    "Unknown means that nothing was recorded about it. A license that is unknown is no permission: ask whoever made the traces.",
    `${level} Tokens`,
    table(
      ["o200k tokens", "least", "median", "90 %", "most", "sum"],
      [
        ["prompt", ...quantiles(prompts)],
        ["reply", ...quantiles(replies)],
      ],
    ),
  ];
}

function aboutLeaks(
  { leaks }: Collection,
  { file, problems, kept }: NonNullable<CardFacts["tests"]>,
): string[] {
  const done = kept ? "kept, because --keep-leaks was given" : "left out";
  const traces = leaks.reduce((sum, leak) => sum + leak.traces, 0);
  return [
    `Checked against the ${problems.length} problems of \`${file}\`, also for light rewordings (docs/training.md says how, and how often it errs): ${leaks.length} training problems with ${traces} traces are of the test set; they were ${done}.`,
    ...(leaks.length === 0
      ? []
      : [
          table(
            ["trace", "traces", "test problem", "score", "task"],
            leaks.map(({ trace_id, traces: n, problem, score, task }) => [
              trace_id,
              n,
              problems[problem]?.id ?? "",
              score.toFixed(2),
              task.slice(0, 80),
            ]),
          ),
        ]),
  ];
}

function quantiles(counts: readonly number[]): number[] {
  const sorted = Float64Array.from(counts).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return [at(0), at(0.5), at(0.9), at(1), sorted.reduce((sum, n) => sum + n, 0)];
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells
      .map((cell) =>
        String(cell)
          .replace(/\s+/g, " ")
          .replace(/[\\|<]/g, "\\$&"),
      )
      .join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
