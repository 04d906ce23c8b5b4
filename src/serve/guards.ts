import type { IncomingMessage, ServerResponse } from "node:http";
import { hostHeaderValidation, originValidation } from "@modelcontextprotocol/node";
import { localhostAllowedHostnames, localhostAllowedOrigins } from "@modelcontextprotocol/server";

const WILDCARDS = ["0.0.0.0", "::"];

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)$/.test(host);
}

/** Whether an address stands for all of a machine's, and so is no name that a client would use. */
export function isWildcard(host: string): boolean {
  return WILDCARDS.includes(host);
}

/**
 * Refuses requests that name another host, or come from a page of another one: a web page could reach a server on a private
 * network through its visitor's browser otherwise.
 */
export function guards(
  host: string,
  publicUrl: URL | undefined,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const own = [
    ...(isLoopback(host) || isWildcard(host) ? [] : [host.includes(":") ? `[${host}]` : host]),
    ...(publicUrl === undefined ? [] : [publicUrl.hostname]),
  ];
  const isOwnHost = hostHeaderValidation([...localhostAllowedHostnames(), ...own]);
  const isOwnOrigin = originValidation([...localhostAllowedOrigins(), ...own]);
  return (request, response) => isOwnHost(request, response) && isOwnOrigin(request, response);
}
