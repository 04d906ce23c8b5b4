/**
 * What went wrong, as a stable word. Codes are part of the contract: add, never rename.
 *
 * Everything thrown as a `HandbookError` may be shown to a model or a person as it stands, so its
 * sentences are ours: text from a trace, a database or a model server never goes into one.
 */
export type ErrorCode =
  | "INVALID_INPUT"
  | "UNKNOWN_HANDBOOK"
  | "UNKNOWN_BEHAVIOR"
  | "UNKNOWN_TRACE"
  | "UNKNOWN_USE"
  | "UNKNOWN_REFLECTION"
  | "WRONG_HANDBOOK"
  | "UNKNOWN_KEY"
  | "FORBIDDEN"
  | "RATE_LIMITED"
  | "BAD_TOKEN"
  | "ISSUER_UNAVAILABLE"
  | "TIMED_OUT"
  | "ALREADY_SUBMITTED"
  | "NOTHING_TO_REFLECT_ON"
  | "CHECK_FAILED"
  | "NO_MODEL"
  | "LLM_UNAVAILABLE"
  | "LLM_BAD_OUTPUT"
  | "EMBEDDER_UNAVAILABLE"
  | "EMBEDDER_BAD_OUTPUT"
  | "INDEX_UNAVAILABLE"
  | "BAD_CONFIG"
  | "BAD_FILE"
  | "LEDGER_UNWRITABLE"
  | "LEDGER_FULL"
  | "LEDGER_CORRUPT"
  | "LEDGER_TOO_NEW"
  | "LEDGER_BUSY"
  | "RUN_UNDER_WAY"
  | "PORT_IN_USE";

/** An error that the caller can act on: `message` says what is wrong, `fix` what to do about it. */
export class HandbookError extends Error {
  override readonly name = "HandbookError";
  readonly code: ErrorCode;
  readonly fix: string;

  constructor(code: ErrorCode, message: string, options: { fix: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fix = options.fix;
  }
}

/** One line for a model, a person or a log: `CODE: what is wrong. What to do.` */
export function describeError(error: HandbookError): string {
  return `${error.code}: ${error.message}. ${error.fix}`;
}
