import { HandbookError } from "../errors.ts";
import { type Behavior, behaviorId } from "../model/behavior.ts";
import type { Attempted, Job, Tokens } from "../model/evaluation.ts";
import type { Check, Problem } from "../model/problem.ts";
import type { ChatMessage, Completion, CompletionOptions, Llm } from "../ports/models.ts";
import type { Ports, Tokenizer } from "../ports.ts";
import { critiqueText } from "../prompts/critique.ts";
import { extractMessages, readExtraction } from "../prompts/extract.ts";
import { problemText } from "../prompts/problem.ts";
import { type Attempt, reflectMessages } from "../prompts/reflect.ts";
import { solveText } from "../prompts/solve.ts";
import { leakFinder } from "../rules/training/leakage.ts";
import { type Checkers, checkAnswer } from "./check.ts";
import { handbookToRead, homeHandbook, traceFacts } from "./handbooks.ts";
import { cutAttempts } from "./reflect.ts";
import { fittingBehaviors } from "./retrieve.ts";

/** The models of an evaluation. Whether they remember what they were asked is theirs. */
export interface EvaluatedModels {
  student: Llm;
  /** Reflects on first attempts. */
  strategist: Llm;
  /** Trained on plain and on behavior-conditioned traces. */
  plainSft?: Llm | undefined;
  behaviorSft?: Llm | undefined;
}

/** What all attempts of an evaluation have in common. */
export interface Evaluation {
  models: EvaluatedModels;
  checkers: Checkers;
  check: Check;
  handbook?: string | undefined;
  /** Most behaviors in a prompt. */
  top: number;
  /** All behaviors of the problem's topic instead, where it has one. */
  byTopic: boolean;
  temperature?: number | undefined;
  /** First attempts that self-improvement learns from. */
  attempts: number;
}

type Shown = Pick<Behavior, "name" | "instruction" | "when"> & { handbook?: string };
/** A prompt for the student, and the behaviors in it. */
interface Prompt {
  content: string;
  shown?: readonly Shown[];
}
type Ask = (llm: Llm, messages: readonly ChatMessage[], options?: CompletionOptions) => Promise<Completion>;

const NONE: Tokens = { input: 0, cached: 0, output: 0 };

/**
 * Solves one problem in one way and checks the answer. Reads the handbook and writes nothing: no use, no draw, no trace.
 *
 * Source of the arms: Didolkar et al. 2025, arXiv:2509.13237. We differ in searching the handbook as agents do, with its
 * abstention, in not telling a reflection how the attempt ended, and in cutting long attempts in the middle.
 *
 * Throws: UNKNOWN_HANDBOOK, NO_MODEL, LLM_UNAVAILABLE, LLM_BAD_OUTPUT, CHECK_FAILED.
 */
export async function attemptProblem(
  ports: Ports,
  evaluation: Evaluation,
  problem: Problem,
  job: Job,
): Promise<Attempted> {
  const calls: Tokens[] = [];
  let isCounted = true;
  const ask: Ask = async (llm, messages, options) => {
    const completion = await llm.complete(messages, options);
    const { tokens, byEndpoint } = await tokensOf(ports.tokenizer, messages, completion);
    calls.push(tokens);
    isCounted &&= byEndpoint;
    return completion;
  };
  const { content, shown = [] } = await promptOf(ports, evaluation, problem, job, ask);
  const answered = await ask(
    modelOf(evaluation.models, job),
    [{ role: "user", content }],
    limits(evaluation, job),
  );
  const { isRight, answer } = await checkAnswer(evaluation.checkers, evaluation.check, problem, answered);
  return {
    ...job,
    ...(problem.topic !== undefined && { topic: problem.topic }),
    is_right: isRight,
    ...(answer !== undefined && { answer }),
    is_cut: answered.isCut,
    last: calls.at(-1) ?? NONE,
    all: calls.reduce(sum, NONE),
    tokens_counted_by: isCounted ? "endpoint" : "server",
    behaviors: shown.map(({ handbook, name }) =>
      handbook === undefined ? name : behaviorId({ handbook, name }),
    ),
    text: answered.text,
    ...(answered.reasoning !== undefined && { reasoning: answered.reasoning }),
  };
}

/** How many of the problems stand in the handbook's own traces, in the same words or lightly reworded. */
export async function knownProblems(
  { ledger }: Pick<Ports, "ledger">,
  handbook: string,
  problems: readonly Problem[],
): Promise<number> {
  const find = leakFinder(problems.map(({ task }) => task));
  const tasks = new Set<string>();
  const known = new Set<number>();
  for await (const { task } of traceFacts(ledger, { handbook })) {
    const leak = tasks.has(task) ? undefined : find(task);
    tasks.add(task);
    if (leak !== undefined) known.add(leak.problem);
  }
  return known.size;
}

function limits({ temperature }: Evaluation, { budget, seed }: Job): CompletionOptions {
  return { maxTokens: budget, seed, ...(temperature !== undefined && { temperature }) };
}

function modelOf({ student, plainSft, behaviorSft }: EvaluatedModels, { arm }: Job): Llm {
  const trained = { "plain-sft": plainSft, "behavior-sft": behaviorSft };
  if (arm !== "plain-sft" && arm !== "behavior-sft") return student;
  const llm = trained[arm];
  if (llm !== undefined) return llm;
  throw new HandbookError("NO_MODEL", `the arm ${arm} has no model`, {
    fix: `Name it: --sft-model ${arm.replace("-sft", "")}=<model>`,
  });
}

/** What the answering model is asked, after all that goes before it. */
async function promptOf(
  ports: Ports,
  evaluation: Evaluation,
  problem: Problem,
  job: Job,
  ask: Ask,
): Promise<Prompt> {
  const task = problemText(problem);
  const first = async (seed: number) => {
    const plain = [{ role: "user" as const, content: solveText(task, []) }];
    const attempted = await ask(evaluation.models.student, plain, { ...limits(evaluation, job), seed });
    const reasoning = [attempted.reasoning, attempted.text].filter(Boolean).join("\n\n");
    const [cut] = await cutAttempts(ports, [{ task, reasoning, outcome: "unknown", evidence: "none" }]);
    return cut ?? { task, reasoning, outcome: "unknown" as const, evidence: "none" as const };
  };
  switch (job.arm) {
    case "plain":
    case "plain-sft":
    case "behavior-sft":
      return { content: solveText(task, []) };
    case "behaviors": {
      const shown = await servedBehaviors(ports, evaluation, problem);
      return { content: solveText(task, shown), shown };
    }
    case "critique-revise":
      return { content: critiqueText(task, await first(job.seed)) };
    case "self-improve": {
      const learned = new Map<string, Shown>();
      for (let attempt = 0; attempt < evaluation.attempts; attempt++)
        for (const behavior of await lessons(evaluation, await first(1 + attempt), ask))
          if (!learned.has(behavior.name)) learned.set(behavior.name, behavior);
      const shown = [...learned.values()];
      return { content: solveText(task, shown), shown };
    }
  }
}

/** What the handbook serves for the problem: what an agent would get, or all of its topic. */
async function servedBehaviors(
  ports: Ports,
  { handbook, top, byTopic }: Evaluation,
  { task, topic }: Problem,
): Promise<Behavior[]> {
  const slug = await handbookToRead(ports.ledger, handbook ?? homeHandbook(ports));
  const { ranked } = await fittingBehaviors(ports, {
    task,
    handbook: slug,
    ...(byTopic && topic !== undefined ? { topic } : { limit: top }),
  });
  return ranked.map(({ behavior }) => behavior);
}

/**
 * The behaviors that a reflection on one attempt proposes, as the paper's three steps do. What cannot be read teaches nothing:
 * left out as missing, it would let self-improvement choose its problems.
 */
async function lessons({ models: { strategist } }: Evaluation, attempt: Attempt, ask: Ask): Promise<Shown[]> {
  const messages = reflectMessages([attempt], []);
  const { text } = await ask(strategist, messages);
  const extracted = await ask(
    strategist,
    extractMessages([...messages, { role: "assistant", content: text }]),
  );
  try {
    return readExtraction(extracted.text);
  } catch (error) {
    if (error instanceof HandbookError && error.code === "LLM_BAD_OUTPUT") return [];
    throw error;
  }
}

/** As the endpoint counted, or where it does not, as a tokenizer does. */
async function tokensOf(
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  { text, reasoning = "", input_tokens, output_tokens, cached_tokens = 0 }: Completion,
): Promise<{ tokens: Tokens; byEndpoint: boolean }> {
  const asked = messages.map(({ content }) => content).join("\n");
  // Some endpoints say 0 where they have not counted.
  const input = input_tokens || (await tokenizer.count(asked));
  const output = output_tokens || (await tokenizer.count(`${reasoning}${text}`));
  const byEndpoint = Boolean(input_tokens && output_tokens);
  return { tokens: { input, cached: cached_tokens, output }, byEndpoint };
}

function sum(one: Tokens, other: Tokens): Tokens {
  return {
    input: one.input + other.input,
    cached: one.cached + other.cached,
    output: one.output + other.output,
  };
}
