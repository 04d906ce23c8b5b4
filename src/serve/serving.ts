import type { App } from "../app.ts";
import { limit } from "../lifecycle/limit.ts";
import type { Access, Scope } from "../model/access.ts";
import type { Ports } from "../ports.ts";

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
}

/** The ports for something that takes this scope. Whatever agents reach goes through here. Throws: FORBIDDEN. */
export async function portsFor({ app, access }: Serving, scope: Scope): Promise<Ports> {
  const ports = await app.ports();
  return access === undefined ? ports : limit(ports, access, scope);
}

/** A scope as tokens and challenges write it. */
export function oauthScope(scope: Scope): `handbook:${Scope}` {
  return `handbook:${scope}`;
}
