import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { type App, answersFile, lazyLlm } from "../app.ts";
import type { ModelConfig } from "../config/models.ts";
import { HandbookError } from "../errors.ts";
import type { Evaluation } from "../lifecycle/evaluate.ts";
import { Arm } from "../model/evaluation.ts";
import { Check } from "../model/problem.ts";
import type { Llm } from "../ports/models.ts";
import type { Ports } from "../ports.ts";
import { wholeNumber } from "./arguments.ts";
import type { EvaluationPlan } from "./evaluate-run.ts";
import { resumable } from "./interruption.ts";
import { print, withPorts } from "./open.ts";
import { checkWritable, writeWhole } from "./whole-file.ts";

const BUDGET = 8192; // output tokens; one of the paper's four
const TOP = 40; // as the paper retrieves on AIME
const ATTEMPTS = 4; // the paper makes 16
const CONCURRENCY = 8;
const RETRIES = 5;
const TIMEOUT_S = 600; // an answer of 16,384 tokens takes minutes
const CHECK_S = 30;

interface Options {
  handbook?: string;
  arms: Arm[];
  budgets: number[];
  seeds: number;
  temperature?: number;
  top: number;
  byTopic?: boolean;
  attempts: number;
  limit?: number;
  check: Check;
  command?: string;
  checkSeconds: number;
  sftModel: Record<string, string>;
  concurrency: number;
  timeout: number;
  html?: string;
  jsonl?: string;
  json?: boolean;
}

export function evaluateCommand(): Command {
  return new Command("evaluate")
    .description(
      "tell what a handbook is worth on problems with known answers: accuracy, tokens and money, by arm",
    )
    .argument(
      "<problems>",
      "JSONL, gzip or not: task (question, problem), answer; choices, topic (subject) and id if any",
    )
    .option("--handbook <name>", "the handbook; default: the one that is written to")
    .option(`--arms <list>`, `of ${Arm.options.join(", ")}`, armsOf, ["plain", "behaviors"])
    .option("--budgets <list>", "most output tokens of an answer, e.g. 2048,4096,8192,16384", budgetsOf, [
      BUDGET,
    ])
    .option("--seeds <n>", "attempts at each problem, by arm and budget", wholeNumber, 1)
    .option("--temperature <t>", "of the student; default: the endpoint's", temperatureOf)
    .option("--top <n>", "most behaviors in a prompt", wholeNumber, TOP)
    .option("--by-topic", "all behaviors of the problem's topic instead, as the paper does on MATH")
    .option("--attempts <n>", "first attempts that self-improve learns from", wholeNumber, ATTEMPTS)
    .option("--limit <n>", "only the first so many problems", wholeNumber)
    .addOption(
      new Option("--check <how>", "how answers are checked")
        .choices(Check.options)
        .default("auto" satisfies Check),
    )
    .option(
      "--command <command>",
      "checks an answer: problem and answer as JSON on stdin, exit code 0 right, 1 wrong",
    )
    .option("--check-seconds <n>", "longest that it may take", wholeNumber, CHECK_S)
    .option(
      "--sft-model <kind=model>",
      "a trained model at the student's endpoint: plain=… or behavior=…",
      sftModel,
      {},
    )
    .option("--concurrency <n>", "requests at once", wholeNumber, CONCURRENCY)
    .option("--timeout <seconds>", "longest that a request may take", wholeNumber, TIMEOUT_S)
    .option("--html <file>", "write a page with plots, which needs no network")
    .option("--jsonl <file>", "write every attempt, with its text")
    .option("--json", "print JSON")
    .action(async (path: string, options: Options) => {
      const files = [options.jsonl, options.html].filter((file) => file !== undefined);
      await checkWritable(files, [path]);
      await withPorts((ports, app) => evaluate(path, options, app, ports), { meaning: true });
      for (const file of files) console.error(`Wrote ${file}`);
    });
}

async function evaluate(path: string, options: Options, { config }: App, ports: Ports): Promise<void> {
  checkOptions(options);
  const student = studentOf(config);
  const [{ readProblems }, { choiceFault }] = await Promise.all([
    import("../adapters/readers/problems-reader.ts"),
    import("../rules/answers/choice.ts"),
  ]);
  const { problems, refused } = await readProblems(path, choiceFault, options.limit);
  if (problems.length === 0) {
    const [first] = refused;
    const why = first === undefined ? "it is empty" : `line ${first.line} ${first.reason}`;
    throw new HandbookError("BAD_FILE", `${path} holds no problem: ${why}`, {
      fix: "A line is a JSON object with task and answer",
    });
  }
  const [{ keptAnswers }, { computeEngineMathematics }, { answerCommand }, { runEvaluation }] =
    await Promise.all([
      import("../adapters/kept-answers.ts"),
      import("../adapters/compute-engine-mathematics.ts"),
      import("../adapters/answer-command.ts"),
      import("./evaluate-run.ts"),
    ]);
  using answers = keptAnswers(answersFile(config));
  const persistence = { retries: RETRIES, timeoutMs: options.timeout * 1000 };
  const asked: ReturnType<typeof answers.of>[] = [];
  const kept = (model: ModelConfig): Llm => {
    const llm = answers.of(lazyLlm(model, persistence));
    asked.push(llm);
    return llm;
  };
  const { plain, behavior } = options.sftModel;
  const mathematics = computeEngineMathematics();
  const { command, checkSeconds } = options;
  const evaluation: Evaluation = {
    ...options,
    models: {
      student: kept(student),
      strategist: kept(config.model ?? student),
      plainSft: plain === undefined ? undefined : kept({ ...student, name: plain }),
      behaviorSft: behavior === undefined ? undefined : kept({ ...student, name: behavior }),
    },
    checkers: {
      mathematics,
      command: command === undefined ? undefined : answerCommand(command, { limitMs: checkSeconds * 1000 }),
    },
    byTopic: options.byTopic === true,
  };
  const plan: EvaluationPlan = {
    ...options,
    evaluation,
    // A command is a process of its own.
    concurrency:
      command === undefined ? options.concurrency : Math.min(options.concurrency, 2 * availableParallelism()),
    prices: config.prices,
  };
  try {
    const result = await resumable(() => runEvaluation(ports, plan, problems, refused, options.jsonl));
    if (options.html !== undefined) {
      const { evaluationPage } = await import("./evaluate-page.ts");
      await writeWhole(options.html, [await evaluationPage(result)]);
    }
    const { evaluationText } = await import("./evaluate-text.ts");
    print(result, options.json, () => evaluationText(result));
    const fromFile = asked.reduce((sum, llm) => sum + llm.fromFile(), 0);
    if (fromFile > 0)
      console.error(
        `${fromFile.toLocaleString("en")} answers were on file, from this run or an earlier one, and not paid for again.`,
      );
    for (const { line, reason } of refused) console.error(`line ${line}: ${reason}`);
    if (result.failures.length > 0 || refused.length > 0) process.exitCode = 1;
  } finally {
    await mathematics.close();
  }
}

function studentOf({ student }: { student?: ModelConfig }): ModelConfig {
  if (student !== undefined) return student;
  throw new HandbookError("NO_MODEL", "there is no model to evaluate with", {
    fix: "Set HANDBOOK_STUDENT or HANDBOOK_MODEL, and OPENAI_BASE_URL or OPENAI_API_KEY",
  });
}

function checkOptions({ arms, check, command, sftModel }: Options): void {
  const invalid = (message: string, fix: string) => new HandbookError("INVALID_INPUT", message, { fix });
  if ((check === "command") !== (command !== undefined))
    throw invalid(
      "--check command and --command belong together",
      'Pass both: --check command --command "./check.sh"',
    );
  for (const kind of ["plain", "behavior"])
    if (arms.some((arm) => arm === `${kind}-sft`) && sftModel[kind] === undefined)
      throw invalid(`the arm ${kind}-sft has no model`, `Name it: --sft-model ${kind}=<model>`);
}

function armsOf(value: string): Arm[] {
  const arms = [...new Set(value.split(",").map((arm) => arm.trim()))];
  const unknown = arms.find((arm) => !Arm.safeParse(arm).success);
  if (unknown !== undefined) throw new InvalidArgumentError(`There is no arm "${unknown}".`);
  return Arm.options.filter((arm) => arms.includes(arm));
}

function budgetsOf(value: string): number[] {
  return [...new Set(value.split(",").map(wholeNumber))].sort((a, b) => a - b);
}

function temperatureOf(value: string): number {
  const t = Number(value);
  if (value.trim() !== "" && t >= 0 && t <= 2) return t;
  throw new InvalidArgumentError("It takes a number from 0 to 2.");
}

function sftModel(value: string, earlier: Record<string, string>): Record<string, string> {
  const [, kind, name] = /^(plain|behavior)=(.+)$/.exec(value) ?? [];
  if (kind === undefined || name === undefined)
    throw new InvalidArgumentError("It takes plain=<model> or behavior=<model>.");
  return { ...earlier, [kind]: name };
}
