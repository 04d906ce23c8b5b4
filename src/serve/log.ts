import { requestContext, traceIdOf } from "./request-context.ts";

type Facts = Record<string, string | number | boolean | undefined>;

/**
 * One event as a JSON line on stderr; stdout belongs to the protocol. Ids and counts only, never trace text and never a key.
 * Over HTTP each line says which request it is about, and whose.
 */
export function log(event: string, facts: Facts = {}): void {
  const request = requestContext.getStore();
  const about = request && {
    request_id: request.request_id,
    trace_id: traceIdOf(request.traceparent),
    by: request.access?.by,
  };
  console.error(JSON.stringify({ time: new Date().toISOString(), event, ...about, ...facts }));
}

/** An unexpected error for the log: its stack tells where, for whoever mends it. */
export function logError(event: string, error: unknown): void {
  log(event, { error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

/** An error about what a client sent. Its message may quote that, so only what stands before a quotation is kept. */
export function logRejected(event: string, error: Error): void {
  const [told = ""] = error.message.split(/["'`“]/);
  log(event, { error: `${error.name}: ${told}`.slice(0, 200) });
}
