import { availableParallelism, cpus } from "node:os";
import { Command, CommanderError, Option } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { calibrationMs, median, round } from "./measure.ts";
import { type Result, tableOf, writeResult } from "./report.ts";

interface Bench {
  summary: string;
  needsData?: true;
  load(): Promise<{ run(options: { data: string }): Promise<Result> }>;
}

const BENCHES: Record<string, Bench> = {
  start: {
    summary: "time, memory and tokens of a start, and size of the install, beside a bare SDK server",
    load: () => import("./start.ts"),
  },
  write: {
    summary: "latency of record and retrieve; eight writers at once; writers that are killed",
    load: () => import("./write.ts"),
  },
};

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
  if (bench.needsData) {
    const option = new Option("--data <dir>", "where its data is").env("HANDBOOK_BENCH_DATA");
    command.addOption(option.makeOptionMandatory());
  }
  command.action(({ data = "" }: { data?: string }) => runBench(name, bench, data));
}
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}

async function runBench(name: string, bench: Bench, data: string): Promise<void> {
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
  const { keys, rows, faults } = await (await bench.load()).run({ data });
  const after = calibrationMs();
  const calibration = {
    calibration_ms: median([before, after]),
    calibration_before_ms: before,
    calibration_after_ms: after,
  };
  const missed = rows.filter(({ must }) => must?.holds === false).map(({ what }) => what);
  const file = writeResult(name, { ...facts, ...calibration, ...keys, missed, faults });

  const { date, package_version, node, platform } = facts;
  console.log(
    `${name}: behavior-handbook ${package_version}, Node ${node}, ${platform}, ${facts.cpus} × ${facts.cpu}, ${date}\n`,
  );
  const loop = {
    what: "calibration loop, before and after",
    value: `${round(calibration.calibration_ms)} ms`,
    spread: `${round(before)}, ${round(after)}`,
  };
  console.log(`${tableOf([...rows, loop])}\n\nWritten to ${file}`);
  for (const fault of faults) console.error(`FAULT: ${fault}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
