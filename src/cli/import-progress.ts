import type { ImportFile } from "../adapters/import-file.ts";

/** Tells how far an import is. */
export interface Progress {
  show(counts: { read: number; refused: number }): void;
  stop(): void;
}

/** On a terminal a bar, otherwise a line every few seconds; on stderr, for stdout holds the result. */
export async function importProgress(file: Pick<ImportFile, "size" | "taken">): Promise<Progress> {
  const { default: progress } = await import("cli-progress");
  const bar = new progress.SingleBar({
    // Of a pipe nobody knows the size.
    format: file.size > 0 ? "[{bar}] {percentage}%  {rows}" : "{rows}",
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 3000,
    clearOnComplete: !process.stderr.isTTY, // off a terminal this only spares an empty line
    linewrap: true, // else a Ctrl+C leaves the terminal without it
  });
  const rows = (read: number, refused: number) =>
    `${read.toLocaleString("en")} read, ${refused.toLocaleString("en")} refused`;
  bar.start(file.size, 0, { rows: rows(0, 0) });
  return {
    show: ({ read, refused }) => bar.update(file.taken(), { rows: rows(read, refused) }),
    stop: () => bar.stop(),
  };
}
