import type { App } from "../app.ts";
import { inTime } from "../lifecycle/bound.ts";
import { limit } from "../lifecycle/limit.ts";
import type { Access, Scope } from "../model/access.ts";
import type { Ports } from "../ports.ts";
import { requestContext } from "./request-context.ts";

/** One call of a tool, for who operates the server. */
export interface Call {
  tool: string;
  /** `ok`, or the code of the error. */
  outcome: string;
  ms: number;
  /** Of a retrieval. */
  served?: number | undefined;
}

/** For whom a server is built, and who hears of its calls. */
export interface Serving {
  app: App;
  /** Absent where everything is allowed: over stdio, and on loopback without keys. */
  access?: Access | undefined;
  called?: ((call: Call) => void) | undefined;
  /** Asked before each thing that is done for the caller. Throws: RATE_LIMITED. */
  count?: (() => Promise<void>) | undefined;
}

/**
 * Works for a caller, with the ports for something that takes this scope, in time. Whatever agents reach goes through here.
 *
 * Throws: FORBIDDEN, TIMED_OUT, RATE_LIMITED.
 */
export async function serve<T>(
  { app, access, count }: Serving,
  scope: Scope,
  work: (ports: Ports) => Promise<T>,
  {
    factor = 1,
    traceparent = requestContext.getStore()?.traceparent,
  }: { factor?: number; traceparent?: string | undefined } = {},
): Promise<T> {
  await count?.();
  const { answer, ended } = inTime(
    await app.ports(),
    app.config.serving.toolSeconds * factor,
    traceparent,
    async (ports) => work(access === undefined ? ports : await limit(ports, access, scope)),
  );
  void app.during(ended); // what is stopped ends before the ledger is closed
  return answer;
}

/** A scope as tokens and challenges write it. */
export function oauthScope(scope: Scope): `handbook:${Scope}` {
  return `handbook:${scope}`;
}
