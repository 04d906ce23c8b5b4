import { openTokens } from "../app.ts";
import type { Config } from "../config.ts";
import { HandbookError } from "../errors.ts";
import type { Finding } from "./doctor-finding.ts";

const TIMEOUT_MS = 5000;
const WELL_KNOWN = ["oauth-authorization-server", "openid-configuration"];

/** Well formed and signed by nobody: to refuse it takes the issuer's keys. */
const STRANGER = [{ alg: "RS256", kid: "doctor" }, { sub: "doctor" }, "signature"]
  .map((part) => Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url"))
  .join(".");

/** Whether the issuer's keys can be had, without which each of its tokens is answered 503. */
export async function checkIssuer(config: Config): Promise<Finding> {
  const { oauth } = config.serving;
  const tokens = await openTokens(config);
  if (oauth === undefined || tokens === undefined) return { status: "ok", message: "none" };
  const { issuer, audience } = oauth;
  const code = await tokens.verify(STRANGER).then(
    () => undefined,
    (error: unknown) => (error instanceof HandbookError ? error.code : undefined),
  );
  if (code === "BAD_TOKEN") return { status: "ok", message: `tokens of ${issuer} for ${audience}` };
  const named = await nameOf(issuer);
  return {
    status: "failed",
    message: `the keys of ${issuer} cannot be had`,
    fix:
      named === undefined || named === issuer
        ? `See that ${new URL(issuer).origin} answers at /.well-known/${WELL_KNOWN.join(" or ")}, and at the jwks_uri there.`
        : `Set HANDBOOK_OAUTH_ISSUER to exactly ${JSON.stringify(named)}: that is what it calls itself.`,
  };
}

/** What the issuer calls itself: often the same with a slash at its end, or without one. */
async function nameOf(issuer: string): Promise<string | undefined> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  for (const name of WELL_KNOWN) {
    for (const place of [`${origin}/.well-known/${name}${path}`, `${origin}${path}/.well-known/${name}`]) {
      try {
        const answer = await fetch(place, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
        const { issuer: named } = (await answer.json()) as { issuer?: unknown };
        if (typeof named === "string" && URL.canParse(named)) return named.slice(0, 200);
      } catch {} // not there, or no such document
    }
  }
  return undefined;
}
