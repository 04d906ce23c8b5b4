import type * as z from "zod";
import { HandbookError } from "../errors.ts";
import type { Variables } from "./variables.ts";

/** How the server is reached, and by whom. */
export interface ServingConfig {
  /** `/mcp` as clients know it; absent on loopback. */
  readonly publicUrl?: URL;
  /** Absent when no issuer's tokens are taken. `audience` is the resource's URL. */
  readonly oauth?: { readonly issuer: string; readonly audience: string };
  /** Calls a minute for each key. */
  readonly rateLimit: number;
  /** For each tool; where the server's own model works, five times as many. */
  readonly toolSeconds: number;
  /** What is read and written where no handbook is named; absent: `default`. */
  readonly handbooks?: { readonly read: readonly string[]; readonly write: string };
}

/** Throws: BAD_CONFIG. */
export function servingOf(variables: z.infer<typeof Variables>): ServingConfig {
  const publicUrl = urlOf("HANDBOOK_PUBLIC_URL", variables.HANDBOOK_PUBLIC_URL);
  const issuer = urlOf("HANDBOOK_OAUTH_ISSUER", variables.HANDBOOK_OAUTH_ISSUER);
  const audience = urlOf("HANDBOOK_OAUTH_AUDIENCE", variables.HANDBOOK_OAUTH_AUDIENCE);
  const resource = variables.HANDBOOK_OAUTH_AUDIENCE ?? variables.HANDBOOK_PUBLIC_URL;
  if (issuer !== undefined && resource === undefined) {
    throw new HandbookError("BAD_CONFIG", "HANDBOOK_OAUTH_ISSUER is set, but no audience is", {
      fix: "Set HANDBOOK_OAUTH_AUDIENCE to the URL of this server that tokens are issued for, such as https://handbook.example.com/mcp",
    });
  }
  if (issuer === undefined && audience !== undefined) {
    throw new HandbookError(
      "BAD_CONFIG",
      "HANDBOOK_OAUTH_AUDIENCE is set, but HANDBOOK_OAUTH_ISSUER is not",
      {
        fix: "Set the issuer, or unset the audience",
      },
    );
  }
  // What travels in the clear can be changed on its way, and these keys decide who comes in.
  if (issuer !== undefined && issuer.protocol !== "https:" && !LOOPBACK.test(issuer.hostname)) {
    throw new HandbookError("BAD_CONFIG", "HANDBOOK_OAUTH_ISSUER is not valid: it must begin with https://", {
      fix: "Correct it or unset it",
    });
  }
  const { HANDBOOK_READ: read, HANDBOOK_WRITE: write } = variables;
  const home = write ?? read?.[0];
  return {
    ...(publicUrl && { publicUrl }),
    ...(issuer && { oauth: { issuer: variables.HANDBOOK_OAUTH_ISSUER ?? "", audience: resource ?? "" } }),
    rateLimit: variables.HANDBOOK_RATE_LIMIT,
    toolSeconds: variables.HANDBOOK_TOOL_SECONDS,
    ...(home !== undefined && { handbooks: { read: read ?? [home], write: home } }),
  };
}

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

function urlOf(name: string, value: string | undefined): URL | undefined {
  if (value === undefined) return undefined;
  if (/^https?:\/\//.test(value) && URL.canParse(value)) return new URL(value);
  throw new HandbookError("BAD_CONFIG", `${name} is not valid: it must be a URL that begins with https://`, {
    fix: "Correct it or unset it",
  });
}
