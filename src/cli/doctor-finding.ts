import { HandbookError } from "../errors.ts";

/** What one check found. A failure always says what to do; `skipped` waits for another check to pass. */
export type Finding =
  | { status: "ok"; message: string }
  | { status: "failed"; message: string; fix: string }
  | { status: "skipped"; message: string };
export type Check = { check: string } & Finding;

/** Checks that wait for `first` to pass. */
export function* skipped(names: readonly string[], first: string): Generator<Check> {
  for (const check of names) yield { check, status: "skipped", message: `${first} comes first` };
}

/** The finding of a check, or what broke it. */
export async function attempt(check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    return failure(error);
  }
}

/** What broke a check. A person reads this at their own machine, so an unforeseen error is shown as it is. */
export function failure(error: unknown): Finding {
  if (!(error instanceof HandbookError))
    return { status: "failed", message: String(error), fix: "This is unforeseen: report it with this line." };
  const isFile = error.cause instanceof Error && "errcode" in error.cause; // as SQLite's errors have it
  if (error.code === "LEDGER_CORRUPT" && isFile) return damaged(`${error.message} (${error.cause})`);
  return { status: "failed", message: error.message, fix: `${error.fix}.` };
}

/** A ledger whose file is broken. */
export function damaged(message: string): Finding {
  return {
    status: "failed",
    message,
    fix:
      "Stop every server and keep a copy of the file with its -wal and -shm. Then save what can be read " +
      "(sqlite3 handbook.sqlite .recover | sqlite3 saved.sqlite), restore a copy, or move it away and start anew.",
  };
}
