import { availableParallelism, cpus } from "node:os";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { markdownTable } from "markdown-table";
import packageJson from "../package.json" with { type: "json" };
import { calibrationMs, median, round } from "./measure.ts";
import { BadCall, type Options, type Result, tableOf, writeResult } from "./report.ts";

interface Bench {
  summary: string;
  needsData?: true;
  options?: readonly Option[];
  load(): Promise<{ run(options: Options): Promise<Result> }>;
}

const several = (value: string, before: readonly string[] = []) => [...before, value];

const BENCHES: Record<string, Bench> = {
  start: {
    summary: "time, memory and tokens of a start, and size of the install, beside a bare SDK server",
    load: () => import("./start.ts"),
  },
  write: {
    summary: "latency of record and retrieve; eight writers at once; writers that are killed",
    load: () => import("./write.ts"),
  },
  load: {
    summary: "32 clients over HTTP beside a bare SDK server, and whether memory grows over 60,000 calls",
    options: [
      new Option("--seconds <number>", "of each round").argParser(whole).default(4),
      new Option("--calls <number>", "of the soak").argParser(whole).default(60_000),
    ],
    load: () => import("./load.ts"),
  },
  retrieval: {
    summary: "what is found: labelled sets through the whole retrieval, with and without history",
    options: [
      dataOption(),
      new Option(
        "--set <folder>",
        "a set of your own instead: corpus.jsonl, queries.jsonl, qrels.tsv; repeatable",
      )
        .argParser(several)
        .default([]),
      new Option(
        "--embedder <name>",
        "with an embedder beside the words: use-lite, or local or openai as HANDBOOK_EMBEDDER_* says; repeatable",
      )
        .argParser(several)
        .default([]),
      new Option("--ablate", "what each term of the formula earns, instead"),
    ],
    load: () => import("./retrieval.ts"),
  },
  scale: {
    summary: "search, memory and start with 1,000 to 1,000,000 behaviors",
    options: [
      new Option("--sizes <numbers>", "how many behaviors, separated by commas")
        .argParser(sizes)
        .default([1000, 10_000, 100_000], "1000,10000,100000"),
    ],
    load: () => import("./scale.ts"),
  },
  embed: {
    summary: "time and memory of the local embedder, with a model of random weights",
    load: () => import("./embed.ts"),
  },
  vectors: {
    summary:
      "the index by meaning under four processes of which two are killed, and how soon it finds what is new",
    load: () => import("./vectors.ts"),
  },
  replicas: {
    summary: "24 clients of three servers on one PostgreSQL and one object storage, of which some are killed",
    options: [
      new Option("--tasks <number>", "of all clients together").argParser(whole).default(400),
      new Option("--kills <number>", "of servers, which start again").argParser(whole).default(6),
    ],
    load: () => import("./replicas.ts"),
  },
  coverage: {
    summary: "whether the measured lift tells the truth: simulated tasks whose true effects are known",
    options: [
      new Option("--runs <number>", "histories of each kind").argParser(whole).default(500),
      new Option("--seed <number>", "another one gives other histories").argParser(whole).default(1),
    ],
    load: () => import("./coverage.ts"),
  },
  leakage: {
    summary:
      "what the leakage check of `handbook export` finds of a test set when it is reworded, and what it takes for it",
    needsData: true,
    load: () => import("./leakage.ts"),
  },
  report: {
    summary: "time and memory of `handbook report` on a ledger of 100,000 tasks",
    load: () => import("./report-speed.ts"),
  },
  learn: {
    summary:
      "speed and memory of reading transcripts: the real sets, and made-up ones of every kind and any size",
    options: [
      dataOption(),
      new Option("--megabytes <number>", "of made-up lines").argParser(whole).default(2048),
    ],
    load: () => import("./learn.ts"),
  },
  peers: {
    summary: "popular memory servers and this one, installed from npm and measured alike",
    needsData: true,
    load: () => import("./peers.ts"),
  },
};

function dataOption(): Option {
  return new Option("--data <dir>", "where its data is").env("HANDBOOK_BENCH_DATA");
}

function sizes(value: string): number[] {
  const numbers = value.split(",").map((size) => Number(size.replaceAll("_", "")));
  if (numbers.every((size) => Number.isInteger(size) && size >= 100 && size <= 10_000_000)) return numbers;
  throw new InvalidArgumentError("They must be whole numbers from 100 to 10000000, such as 1000,100000.");
}

function whole(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= 1_000_000) return number;
  throw new InvalidArgumentError("It must be a whole number from 1 to 1000000.");
}

const program = new Command("npm run bench --")
  .description("Runs one bench, prints a table and writes bench/results/<name>.json.")
  .addHelpText(
    "after",
    '\nExit code: 0, also where a "must" is missed; 1 after a crash, an error or lost data; 2 for a wrong call.',
  )
  .showHelpAfterError()
  .exitOverride();
for (const [name, bench] of Object.entries(BENCHES)) {
  const command = program.command(name).description(bench.summary).copyInheritedSettings(program);
  for (const option of bench.options ?? []) command.addOption(option);
  if (bench.needsData) command.addOption(dataOption().makeOptionMandatory());
  command.action((options: Options) => runBench(name, bench, options));
}
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof BadCall) console.error(error.message);
  else if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
}

async function runBench(name: string, bench: Bench, options: Options): Promise<void> {
  const facts = {
    bench: name,
    date: new Date().toISOString(),
    package_version: packageJson.version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    cpu: cpus()[0]?.model,
  };
  const before = calibrationMs();
  const {
    name: file = name,
    keys,
    tables = [],
    rows,
    picture,
    faults,
  } = await (await bench.load()).run(options);
  const after = calibrationMs();
  const calibration = {
    calibration_ms: median([before, after]),
    calibration_before_ms: before,
    calibration_after_ms: after,
  };
  const missed = rows.filter(({ must }) => must?.holds === false).map(({ what }) => what);
  const files = writeResult(file, { ...facts, ...calibration, ...keys, missed, faults }, picture);

  const { date, package_version, node, platform } = facts;
  console.log(
    `${name}: behavior-handbook ${package_version}, Node ${node}, ${platform}, ${facts.cpus} × ${facts.cpu}, ${date}\n`,
  );
  const loop = {
    what: "calibration loop, before and after",
    value: `${round(calibration.calibration_ms)} ms`,
    spread: `${round(before)}, ${round(after)}`,
  };
  for (const { title, lines, align } of tables)
    console.log(`${title}\n\n${markdownTable(lines, { align: [...align] })}\n`);
  console.log(`${tableOf([...rows, loop])}\n\nWritten to ${files.join(" and ")}`);
  for (const fault of faults) console.error(`FAULT: ${fault}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
