import { Command, InvalidArgumentError, Option } from "commander";
import { HANDBOOK_FORMAT, type HandbookFile } from "../adapters/readers/handbook-json-reader.ts";
import { HandbookError } from "../errors.ts";
import { handbookToRead, homeHandbook } from "../lifecycle/handbooks.ts";
import type { Behavior } from "../model/behavior.ts";
import type { Handbook } from "../model/handbook.ts";
import { Evidence, Outcome } from "../model/outcome.ts";
import type { Ports } from "../ports.ts";
import { handbookMarkdown } from "../serve/markdown.ts";
import { wholeNumber } from "./arguments.ts";
import type { TrainingOptions } from "./export-training.ts";
import { withPorts } from "./open.ts";
import { TRAINING_FORMATS, type TrainingFormat } from "./training-formats.ts";
import { writeWhole } from "./whole-file.ts";

const HANDBOOK_FORMATS = ["json", "markdown", "skills", "agents-md"] as const;
type Format = (typeof HANDBOOK_FORMATS)[number] | TrainingFormat;

interface Options extends Omit<TrainingOptions, "format"> {
  format: Format;
  out?: string;
  into?: string;
}

const HELP = `
A handbook:
  json        for \`handbook import\`
  markdown    for people
  skills      Agent Skills: a folder for each behavior with a long form, and one for each topic of the others;
              folders in DIR that are not ours, or were changed by hand, are never touched
  agents-md   a section for AGENTS.md; with --into, between marks in that file

Training data from traces, with a data card beside it (FILE.card.md):
  sft         OpenAI chat JSONL        sharegpt, alpaca   JSON arrays, as LLaMA-Factory and others load them
  dpo         JSONL of prompt, chosen, rejected: correct over wrong, short correct over long correct

Examples:
  handbook export handbook.json --handbook math
  handbook export --format skills --out .claude/skills
  handbook export --format sft --version both --test-set math500.jsonl --out train.jsonl
  handbook export --format sft --version behaviors --most 800 --out small.jsonl`;

export function exportCommand(): Command {
  return new Command("export")
    .description("write a handbook for people, agents or another ledger, or its traces as training data")
    .argument("[file]", "where to, the same as --out; without it a handbook goes to stdout")
    .option("--out <path>", "file, or folder of skills, to write")
    .option("--handbook <name>", "default: the one that is written to; of training data: any")
    .addOption(
      new Option("--format <format>", "see below")
        .choices([...HANDBOOK_FORMATS, ...TRAINING_FORMATS])
        .default("json"),
    )
    .option("--into <file>", "agents-md: the file that gets the section")
    .addOption(
      new Option(
        "--version <version>",
        "training: replies written without behaviors (plain, the default), or with them: behaviors has the problem alone as prompt (the paper's), behaviors-in-prompt also what was served; both: plain and behaviors of the same problems, in two files; dpo: default both",
      ).choices(["plain", "behaviors", "both", "behaviors-in-prompt"]),
    )
    .addOption(
      new Option(
        "--thinking <how>",
        "training: reasoning as <think> before the answer, not at all, or as reasoning_content (sft; not taken by OpenAI)",
      )
        .choices(["keep", "drop", "field"])
        .default("keep"),
    )
    .option("--outcome <list>", "training: success, failure, unknown", listOf(Outcome.options), ["success"])
    .option("--evidence <list>", "training: who stated the outcome", listOf(Evidence.options), [
      "test",
      "checker",
      "user",
    ])
    .option("--since <date>", "training: traces recorded since, e.g. 2026-05-01", instant)
    .option("--per-problem <n>", "training: replies to one problem, at most", wholeNumber, 16)
    .option("--margin <share>", "dpo: how much shorter the chosen one of two correct ones is", share, 0.25)
    .option("--most <n>", "training: only so many rows, that cover most, best first", wholeNumber)
    .option("--test-set <file>", "training: JSONL of problems that must not be trained on, also reworded")
    .option("--keep-leaks", "training: list the problems of the test set, and keep them")
    .addHelpText("after", HELP)
    .action((file: string | undefined, { out = file, into, format, ...training }: Options) =>
      withPorts(async (ports) => {
        if (isTraining(format)) {
          if (out === undefined) throw noPlace(`--format ${format} writes a file and a card beside it`);
          const { exportTraining } = await import("./export-training.ts");
          for (const line of await exportTraining(ports, out, { ...training, format })) console.error(line);
          return;
        }
        const { handbook, behaviors } = await read(ports, training.handbook);
        if (format === "skills") {
          if (out === undefined) throw noPlace("--format skills writes folders");
          const { exportSkills } = await import("./export-skills.ts");
          console.error(exportSkills(handbook, behaviors, out));
        } else if (format === "agents-md") {
          const { exportAgentsMd } = await import("./export-agents-md.ts");
          exportAgentsMd(handbook, behaviors, into ?? out);
        } else await writeText(handbook, behaviors, format, out);
      }),
    );
}

async function read({ ledger, settings }: Ports, slug: string | undefined) {
  const handbook = await handbookToRead(ledger, slug ?? homeHandbook({ settings }));
  const found = await ledger.handbook(handbook);
  if (found === undefined) throw new Error("unreachable: it was there a moment ago, and handbooks stay");
  return { handbook: found, behaviors: await ledger.behaviors(handbook) };
}

async function writeText(
  handbook: Handbook,
  behaviors: readonly Behavior[],
  format: "json" | "markdown",
  file: string | undefined,
): Promise<void> {
  const exported: HandbookFile = {
    format: HANDBOOK_FORMAT,
    handbook: handbook.slug,
    ...(handbook.description !== undefined && { description: handbook.description }),
    behaviors: behaviors.map(({ name, status, instruction, when, keywords, topic, detail }) => ({
      name,
      status,
      instruction,
      when,
      keywords,
      ...(topic !== undefined && { topic }),
      ...(detail !== undefined && { detail }),
    })),
  };
  const text = format === "json" ? JSON.stringify(exported, null, 2) : handbookMarkdown(handbook, behaviors);
  if (file === undefined) return void process.stdout.write(`${text}\n`);
  await writeWhole(file, [`${text}\n`]);
  console.error(`Wrote ${behaviors.length} behaviors of "${handbook.slug}" to ${file}`);
}

function isTraining(format: Format): format is TrainingFormat {
  return TRAINING_FORMATS.some((one) => one === format);
}

function noPlace(message: string): HandbookError {
  return new HandbookError("INVALID_INPUT", message, { fix: "Say where with --out" });
}

function listOf<T extends string>(known: readonly T[]) {
  return (text: string): T[] =>
    text.split(",").map((part) => {
      const one = known.find((name) => name === part.trim());
      if (one === undefined) throw new InvalidArgumentError(`It takes a list of ${known.join(", ")}.`);
      return one;
    });
}

function instant(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new InvalidArgumentError("It takes a date, such as 2026-05-01.");
  return new Date(time).toISOString();
}

function share(text: string): number {
  const n = Number(text);
  if (!(n >= 0 && n < 1)) throw new InvalidArgumentError("It takes a share from 0 to below 1, such as 0.25.");
  return n;
}
