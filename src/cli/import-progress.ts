import type { ImportFile } from "../adapters/readers/import-file.ts";

/** Tells how far an import is. */
export interface Progress {
  show(counts: { read: number; refused: number }): void;
  stop(): void;
}

export async function importProgress(file: Pick<ImportFile, "size" | "taken">): Promise<Progress> {
  const rows = (read: number, refused: number) =>
    `${read.toLocaleString("en")} read, ${refused.toLocaleString("en")} refused`;
  // Of a pipe nobody knows the size.
  const format = file.size > 0 ? "[{bar}] {percentage}%  {rows}" : "{rows}";
  const bar = await startBar(format, file.size, { rows: rows(0, 0) });
  return {
    show: ({ read, refused }) => bar.update(file.taken(), { rows: rows(read, refused) }),
    stop: () => bar.stop(),
  };
}

/** The same for so many pieces of work. */
export async function workProgress(what: string, total: number) {
  const bar = await startBar(
    `${what} [{bar}] {value}/{total}, {failed} failed, {eta_formatted} left`,
    total,
    {
      failed: 0,
    },
  );
  let [done, failures] = [0, 0];
  return {
    done(failed: boolean) {
      done++;
      if (failed) failures++;
      bar.update(done, { failed: failures });
    },
    stop: () => bar.stop(),
  };
}

/** On a terminal a bar, otherwise a line every few seconds; on stderr, for stdout holds the result. */
export async function startBar(format: string, total: number, payload: object) {
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    format,
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 3000,
    clearOnComplete: !process.stderr.isTTY, // off a terminal this only spares an empty line
    linewrap: true, // else a Ctrl+C leaves the terminal without it
  });
  bar.start(total, 0, payload);
  return bar;
}
