import { rmSync } from "node:fs";
import { Command } from "commander";
import { createApp, lexicalCopy } from "../app.ts";
import { type Config, readConfig } from "../config.ts";
import type { RebuildableIndex } from "../ports/index-state.ts";
import { print } from "./open.ts";

interface Rebuilt {
  index: string;
  rows: number;
  table: string;
  seconds: number;
}

export function reindexCommand(): Command {
  return new Command("reindex")
    .description(
      "build the indexes anew from the ledger; the old ones answer until the new ones are complete",
    )
    .option("--json", "print what was built as JSON, and no progress")
    .action(async ({ json }: { json?: boolean }) => {
      const config = readConfig();
      await fetchModel(config, json);
      const app = createApp(config, { meaning: true });
      try {
        rmSync(lexicalCopy(app.config), { force: true });
        const rebuilt: Rebuilt[] = [];
        for (const index of await app.rebuildable()) rebuilt.push(await rebuild(index, json));
        print(rebuilt, json, () => told(rebuilt));
      } finally {
        await app.close();
      }
    });
}

/** A server answers from words while its model is downloaded; here there is nothing to do before it is there. */
async function fetchModel({ embedder: wanted, home }: Config, quiet: boolean | undefined): Promise<void> {
  if (wanted?.kind !== "local" || wanted.offline) return;
  const { downloadModel, hasModel } = await import("../adapters/model-files.ts");
  if (hasModel(wanted.directory, wanted.model)) return;
  const { checkInstalled } = await import("../adapters/local-embedder.ts");
  const { loadLance } = await import("../adapters/lance/lance-library.ts");
  checkInstalled(home); // else it would be downloaded in vain
  await loadLance(home);
  const bar = quiet ? undefined : await progressBar(wanted.model, "MB of a file downloaded");
  const interrupted = new AbortController(); // a download that is ended in order goes on at once the next time
  const interrupt = () => interrupted.abort();
  process.once("SIGINT", interrupt);
  try {
    const inMegabytes = (bytes: number) => Math.ceil(bytes / 1e6);
    await downloadModel({
      ...wanted,
      signal: interrupted.signal,
      onProgress: ({ received, total = received }) => bar?.show(inMegabytes(received), inMegabytes(total)),
    });
  } finally {
    process.off("SIGINT", interrupt);
    bar?.stop();
  }
}

async function rebuild(index: RebuildableIndex, quiet: boolean | undefined): Promise<Rebuilt> {
  const began = performance.now();
  const bar = quiet ? undefined : await progressBar(index.name, "changes read");
  try {
    const { rows, table } = await index.rebuild((read, of) => bar?.show(read, of));
    return { index: index.name, rows, table, seconds: (performance.now() - began) / 1000 };
  } finally {
    bar?.stop();
  }
}

/** On a terminal a bar, otherwise a line every few seconds; on stderr, for stdout holds the result. */
async function progressBar(name: string, unit: string) {
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    format: `${name}: [{bar}] {percentage}%  {value} of {total} ${unit}`,
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 3000,
    clearOnComplete: !process.stderr.isTTY, // off a terminal this only spares an empty line
    linewrap: true, // else a Ctrl+C leaves the terminal without it
  });
  bar.start(0, 0);
  return {
    show(read: number, of: number) {
      bar.setTotal(of);
      bar.update(read);
    },
    stop: () => bar.stop(),
  };
}

function told(rebuilt: readonly Rebuilt[]): string {
  const lines = rebuilt.map(({ index, rows, table, seconds }) => {
    const count = `${rows.toLocaleString("en")} row${rows === 1 ? "" : "s"}`;
    return `The index of ${index} is built anew: ${count} in the table ${table}, in ${seconds.toFixed(1)} s.`;
  });
  return [...lines, "The index of words in memory is read from the ledger at the next start."].join("\n");
}
