import { describeError, HandbookError } from "../errors.ts";
import { serveOnStdio } from "../serve/stdio.ts";
import { appOfEnvironment } from "./open.ts";

/** `serve` without options, apart from the command line so that a client waits for nothing it does not need. */
export function serveStdio(): void {
  try {
    serveOnStdio(appOfEnvironment({ meaning: true }));
  } catch (error) {
    if (!(error instanceof HandbookError)) throw error;
    console.error(describeError(error));
    process.exit(1);
  }
}
