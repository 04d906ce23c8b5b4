import { expect } from "vitest";
import { HandbookError } from "../src/errors.ts";
import { PASSWORD } from "./postgres.ts";

/** What a ledger says when it refuses, in our own words and without a password. */
export async function refusal(work: Promise<unknown>): Promise<HandbookError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof HandbookError)) throw new Error("not refused in our own words", { cause: error });
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), "hunter2"])
    expect(`${error.message} ${error.fix} ${error.stack}`).not.toContain(secret);
  return error;
}
