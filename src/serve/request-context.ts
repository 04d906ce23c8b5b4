import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Access } from "../model/access.ts";

/** What is known of the HTTP request that is being served; it goes into every line of the log. */
export interface RequestContext {
  request_id: string;
  traceparent?: string | undefined;
  /** Absent before the caller is known, and where everybody may call. */
  access?: Access | undefined;
  /** In seconds since 1970: when the caller's key or token ends. */
  expiresAt?: number | undefined;
  /** Ends the request, for a caller that may not call any more. */
  end?: (() => void) | undefined;
}

export const requestContext = new AsyncLocalStorage<RequestContext>();

/** The caller's own id of the request where it is a sound one, else a new one; and its trace. */
export function contextOf({ headers }: Pick<IncomingMessage, "headers">): RequestContext {
  const given = headers["x-request-id"];
  const isSound = typeof given === "string" && /^[\w.:-]{1,128}$/.test(given);
  return {
    request_id: isSound ? given : randomUUID(),
    traceparent: soundTraceparent(headers.traceparent),
  };
}

/** W3C trace context, version 00; anything else is left out. */
export function soundTraceparent(value: unknown): string | undefined {
  return typeof value === "string" &&
    /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(value)
    ? value
    : undefined;
}

/** Of a trace context, for the log. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.split("-")[1];
}
