import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { setFlagsFromString } from "node:v8";
import { computeEngineMathematics } from "../adapters/compute-engine-mathematics.ts";
import { keptAnswers } from "../adapters/kept-answers.ts";
import { learningJournal } from "../adapters/learning-journal.ts";
import { memoryIndex } from "../adapters/lexical/memory-index.ts";
import type { TranscriptFormat } from "../adapters/readers/transcript-formats.ts";
import { readTranscripts, type TranscriptRead } from "../adapters/readers/transcripts.ts";
import { answersFile, lazyLlm } from "../app.ts";
import { type Config, readConfig, setVariables } from "../config.ts";
import { homeHandbook } from "../lifecycle/handbooks.ts";
import { learnFrom, leftOf, unreflectedIn } from "../lifecycle/learn.ts";
import { groupsByStake } from "../lifecycle/recur.ts";
import { type Problem, solveProblems, unsolved } from "../lifecycle/solve.ts";
import { paid } from "../lifecycle/spend.ts";
import { DEFAULT_HANDBOOK } from "../model/handbook.ts";
import type { KeptLlm, LearningJournal } from "../ports/learning.ts";
import type { Ports } from "../ports.ts";
import { wordWeight } from "../rules/common-words.ts";
import { digest } from "../rules/identity.ts";
import {
  learningPlan,
  type PlannedReflection,
  promptTokens,
  type RecurrentGroup,
} from "../rules/learning-plan.ts";
import { lexicalRules } from "../rules/lexical.ts";
import { importProgress, workProgress } from "./import-progress.ts";
import { resumable } from "./interruption.ts";
import { type Corpus, type Known, readCorpus, recordCorpus } from "./learn-corpus.ts";
import { estimateOf, type LearnResult, moneyOf, toldEstimate, toldSurvey } from "./learn-text.ts";
import { withPorts } from "./open.ts";

export interface LearnOptions {
  from: "auto" | TranscriptFormat;
  handbook?: string;
  budget?: number;
  concurrency: number;
  timeout: number;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
}

const RETRIES = 6; // half a minute of growing pauses

/** What `learn` would do, storing and spending nothing. */
export async function dryRun(paths: string[], options: LearnOptions): Promise<LearnResult> {
  const config = readConfig();
  const isThere = config.databaseUrl !== undefined || existsSync(config.ledgerPath);
  return isThere
    ? withPorts((ports) => surveyed(paths, options, config, ports))
    : surveyed(paths, options, config);
}

async function surveyed(
  paths: string[],
  options: LearnOptions,
  config: Config,
  ports?: Ports,
): Promise<LearnResult> {
  const { handbook, budget } = options;
  const home = ports === undefined ? DEFAULT_HANDBOOK : homeHandbook(ports);
  const known: Known = ports === undefined ? async () => undefined : knownTo(ports);
  const corpus = await withReading(paths, options, (rows, progress) =>
    readCorpus(rows, progress, { handbook, home, known }),
  );
  const held = learningPlan(corpus.traces(), [], config.reflectionTokens); // groups are found in what is recorded
  const plan = held.flatMap((item) => new Array<PlannedReflection>(corpus.each).fill(item));
  const todo = ports === undefined ? corpus.problems : await neverSolved(ports, config, corpus.problems);
  const estimate = estimateOf(todo, plan, budget, config.prices);
  return { ...surveyOf(corpus, plan), dry_run: true, estimate };
}

async function neverSolved(ports: Ports, config: Config, problems: Problem[]): Promise<Problem[]> {
  const student = config.student ?? config.model;
  const file = answersFile(config);
  if (student === undefined || !existsSync(file)) return problems;
  using kept = keptAnswers(file);
  return await unsolved(ports, kept.of(lazyLlm(student)), problems); // before the file is closed
}

function knownTo(ports: Ports): Known {
  const unreflected = new Map<string, Promise<Set<string>>>(); // by handbook
  return async (hash, handbook) => {
    const trace = await ports.ledger.traceWithHash(hash);
    if (trace === undefined) return undefined;
    const waiting = unreflected.get(handbook) ?? unreflectedIn(ports, [handbook]);
    unreflected.set(handbook, waiting);
    return { isReflected: !(await waiting).has(trace.id) };
  };
}

/** Records the traces, then has a model reflect on them, or prepares that for an agent. */
export async function learn(
  ports: Ports,
  config: Config,
  paths: string[],
  options: LearnOptions,
): Promise<LearnResult> {
  const corpus = await withReading(paths, options, (rows, progress) =>
    recordCorpus(ports, rows, progress, options.handbook),
  );
  const { model, student = model } = config;
  if (model === undefined || student === undefined) {
    const plan = await planOf(ports, corpus, options);
    const survey = surveyOf(corpus, plan);
    await ports.ledger.write((tx) => tx.queueReflections(plan));
    const prepared = [...new Set(plan.map(({ handbook }) => handbook))];
    return { ...survey, prepared, prompt_tokens: promptTokens(plan), variables: ledgerVariables() };
  }
  const { budget, handbook = null, timeout } = options;
  const given = [paths.map((path) => resolve(path)), handbook, budget ?? null, model.name, student.name];
  const file = answersFile(config);
  using kept = keptAnswers(file);
  using journal = learningJournal(file, digest(given)); // the same command, killed and given again, is one run
  const open = (one: typeof model) =>
    kept.of(paid(lazyLlm(one, { retries: RETRIES, timeoutMs: timeout * 1000 }), ports.tokenizer, journal));
  const models = { solver: open(student), strategist: open(model) };

  const plan = await planOf(ports, corpus, options, journal);
  const survey = surveyOf(corpus, plan);
  const todo = await unsolved(ports, models.solver, corpus.problems);
  const estimate = estimateOf(todo, plan, budget, config.prices);
  const isAsked = !options.yes && process.stdin.isTTY && process.stderr.isTTY;
  if (!options.json || isAsked) console.error([...toldSurvey(survey), ...toldEstimate(estimate)].join("\n"));
  const isWanted = options.yes || estimate.calls === 0 || (isAsked && (await confirmed()));
  if (!isWanted) return { ...survey, estimate, declined: true };
  return {
    ...survey,
    estimate,
    learned: await resumable(() => spend(ports, config, corpus, plan, models, { journal, ...options })),
  };
}

/** Solves, reflects and curates: all that a model is paid for. */
async function spend(
  ports: Ports,
  config: Config,
  corpus: Corpus,
  before: PlannedReflection[],
  { solver, strategist }: Record<"solver" | "strategist", KeptLlm>,
  { journal, ...options }: LearnOptions & { journal: LearningJournal },
): Promise<NonNullable<LearnResult["learned"]>> {
  const { budget, concurrency, json } = options;
  const run = { journal, concurrency, budget };
  const mathematics = computeEngineMathematics();
  const checkers = { mathematics };
  const solved = await working(json, "solving", corpus.problems.length, (done) =>
    solveProblems(ports, solver, corpus.problems, { ...run, done, checkers }),
  ).finally(() => mathematics.close());
  corpus.add(solved.traces);
  const plan = solved.traces.length === 0 ? before : await planOf(ports, corpus, options, journal);
  const steady = { ...ports, index: await steadyIndex(ports, config) };
  const learned = await working(json, "reflecting", plan.length, (done) =>
    learnFrom(steady, strategist, plan, { ...run, done, ...(budget && { budget: budget - solved.tokens }) }),
  );
  const spent = journal.spent();
  journal.end();
  return {
    ...learned,
    solved: solved.traces.length,
    failed: [...solved.failed, ...learned.failed],
    left: learned.left + solved.left,
    gaveUp: learned.gaveUp || solved.gaveUp,
    ...spent,
    from_file: solver.fromFile() + strategist.fromFile(),
    ...(config.prices && { money: moneyOf(spent, config.prices) }),
  };
}

/**
 * An index that finds the same whether it followed the handbook or was built anew after a kill. Beyond what memory holds, the
 * one that there is.
 */
async function steadyIndex({ ledger, index }: Ports, { memoryBehaviors }: Config): Promise<Ports["index"]> {
  if ((await ledger.behaviorCount()) > memoryBehaviors) return index;
  return memoryIndex(ledger, { ...lexicalRules, rarity: wordWeight });
}

/** What to do about the traces that nobody looked at yet: what a run that was killed had planned, then the others. */
async function planOf(
  ports: Ports,
  corpus: Corpus,
  { json }: LearnOptions,
  journal?: LearningJournal,
): Promise<PlannedReflection[]> {
  const begun: PlannedReflection[] = JSON.parse(journal?.noted("plan") ?? "[]");
  const planned = new Set(begun.flatMap(({ trace_ids }) => trace_ids));
  const handbooks = new Set(corpus.traces().map(({ handbook }) => handbook));
  const unreflected = await unreflectedIn(ports, handbooks);
  const traces = corpus.traces().filter(({ id }) => unreflected.has(id) && !planned.has(id));
  const groups: RecurrentGroup[] = [];
  if (traces.length > 0 && !json) console.error("Looking for steps that come back …");
  for (const handbook of new Set(traces.map((trace) => trace.handbook))) {
    for (const { trace_ids, tokens_at_stake: stake, step, covered_by } of await groupsByStake(
      ports,
      handbook,
    )) {
      if (covered_by === undefined) groups.push({ trace_ids, stake, step }); // what a behavior tells needs no reflection
    }
  }
  return [...(await leftOf(ports, begun)), ...learningPlan(traces, groups, ports.settings.reflectionTokens)];
}

/** Variables that say where the ledger is: the server of the agent that goes on needs them too. */
function ledgerVariables(): string[] {
  return setVariables().filter((name) => name === "HANDBOOK_DATABASE_URL" || name === "HANDBOOK_HOME");
}

function surveyOf(corpus: Corpus, plan: readonly PlannedReflection[]) {
  const among = (...ranks: number[]) => plan.filter(({ rank }) => ranks.includes(rank)).length;
  return {
    ...corpus.counts,
    formats: corpus.formats,
    problems: corpus.problems.length,
    refusals: corpus.refusals,
    plan: { recurring: among(0), failures: among(1, 2), rest: among(3, 4) },
  };
}

async function withReading(
  paths: string[],
  { json, from }: LearnOptions,
  read: (rows: AsyncIterable<TranscriptRead>, show: (counts: Corpus["counts"]) => void) => Promise<Corpus>,
): Promise<Corpus> {
  // A row is garbage as soon as it was read: a young generation that grows takes 150 MB for a tenth of the speed.
  setFlagsFromString("--semi-space-growth-factor=1");
  const progress = { total: 0, taken: 0 };
  const rows = readTranscripts(paths, { from, progress });
  const first = await rows.next(); // then the sizes are known
  const all = (async function* () {
    if (!first.done) yield first.value;
    yield* rows;
  })();
  const bar = json ? undefined : await importProgress({ size: progress.total, taken: () => progress.taken });
  try {
    return await read(all, (counts) => bar?.show(counts));
  } finally {
    bar?.stop();
  }
}

async function working<T>(
  json: boolean | undefined,
  what: string,
  total: number,
  work: (done: (failed: boolean) => void) => Promise<T>,
): Promise<T> {
  const progress = json || total === 0 ? undefined : await workProgress(what, total);
  try {
    return await work((failed) => progress?.done(failed));
  } finally {
    progress?.stop();
  }
}

async function confirmed(): Promise<boolean> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question("Go on? [y/N] ")).trim());
  } finally {
    asking.close();
  }
}
