import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import * as z from "zod";
import { HandbookError } from "../errors.ts";
import type { Access } from "../model/access.ts";
import { cleanText } from "../model/text.ts";
import type { TokenVerifier } from "../ports/access.ts";

/** Signatures of key pairs only: with a shared secret, or with none, whoever can check a token can make one. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
const CLOCK_TOLERANCE_S = 30;
const TIMEOUT_MS = 5000;
const PREFIX = "handbook:";

const Metadata = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

/** Turns the words of a token into grants; given from outside, because which words there are is a rule. */
export type GrantsOf = (
  words: readonly string[],
  handbooks: readonly string[],
) => { grants: Access["grants"] };

/**
 * Tokens of one issuer, by its published keys: found through `/.well-known`, kept, and asked for again when a token names an
 * unknown one. Signature, algorithm, issuer, audience and expiry are checked.
 *
 * Scopes are `handbook:read` and so on, for the handbooks of the claim `handbooks`, or `handbook:read:team` for one.
 */
export function joseTokens(
  { issuer, audience }: { issuer: string; audience: string },
  grantsOf: GrantsOf,
): TokenVerifier {
  let keys: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;
  const published = () => {
    keys ??= findKeys(issuer).catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    return keys;
  };
  return {
    async verify(token) {
      const found = await published();
      const { payload } = await jwtVerify(token, found, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ["exp", "sub"],
      }).catch((error: unknown) => {
        throw isFaultOfToken(error) ? badToken(error) : unavailable(error);
      });
      const { sub } = payload; // an issuer may write anything there
      const by = typeof sub === "string" ? cleanText(sub).trim().slice(0, 120) : "";
      if (by === "") throw badToken(undefined);
      const words = scopesOf(payload).flatMap((scope) =>
        scope.startsWith(PREFIX) ? [scope.slice(PREFIX.length)] : [],
      );
      const { grants } = grantsOf(words, handbooksOf(payload));
      return { access: { by, id: `subject ${by}`, grants }, expiresAt: payload.exp ?? 0 };
    },
  };
}

/** OAuth writes one string, some issuers a list, in `scope` or in `scp`. */
function scopesOf({ scope, scp }: JWTPayload): string[] {
  return wordsOf(scope ?? scp);
}

function handbooksOf({ handbooks }: JWTPayload): string[] {
  return wordsOf(handbooks).filter((slug) => /^(?:\*|[a-z0-9]+(?:-[a-z0-9]+)*)$/.test(slug));
}

function wordsOf(claim: unknown): string[] {
  if (typeof claim === "string") return claim.split(/[\s,]+/).filter(Boolean);
  return Array.isArray(claim) ? claim.filter((word) => typeof word === "string") : [];
}

/** RFC 8414 puts the well-known path before the issuer's own, OpenID after it. */
async function findKeys(issuer: string): Promise<ReturnType<typeof createRemoteJWKSet>> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/openid-configuration${path}`,
  ];
  for (const place of new Set(places)) {
    const metadata = Metadata.safeParse(await fetchJson(place));
    if (!metadata.success || metadata.data.issuer !== issuer) continue;
    const uri = new URL(metadata.data.jwks_uri);
    if (uri.protocol !== "https:" && origin.startsWith("https:")) continue;
    return createRemoteJWKSet(uri, { timeoutDuration: TIMEOUT_MS });
  }
  throw unavailable(undefined);
}

async function fetchJson(url: string): Promise<unknown> {
  try {
    const answer = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

function isFaultOfToken(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  return error instanceof errors.JOSEError && error.code !== "ERR_JOSE_GENERIC";
}

function badToken(cause: unknown): HandbookError {
  return new HandbookError("BAD_TOKEN", "this token is not valid here, or has expired", {
    fix: "Ask the issuer for a new one, for this resource",
    cause,
  });
}

function unavailable(cause: unknown): HandbookError {
  return new HandbookError(
    "ISSUER_UNAVAILABLE",
    "the issuer's keys cannot be had, so its tokens cannot be checked",
    {
      fix: "Check HANDBOOK_OAUTH_ISSUER and that it answers; keys of this server work meanwhile",
      cause,
    },
  );
}
