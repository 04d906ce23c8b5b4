import { type AuthInfo, OAuthError, OAuthErrorCode, verifyBearerToken } from "@modelcontextprotocol/server";
import { type App, openTokens } from "../app.ts";
import { HandbookError } from "../errors.ts";
import { admitKey } from "../lifecycle/admit.ts";
import { type Access, Scope } from "../model/access.ts";
import { may } from "../rules/grants.ts";
import { looksLikeKey } from "../rules/keys.ts";
import { log, logError } from "./log.ts";
import { oauthScope } from "./serving.ts";

const NEVER = Number.MAX_SAFE_INTEGER;

/** A caller that was let in. */
export interface Caller {
  access: Access;
  /** In seconds since 1970. */
  expiresAt: number;
  authInfo: AuthInfo;
}

/** Says who calls, by a key of ours or by a token of the issuer. */
export function authenticator(app: App, resourceMetadataUrl: string | undefined) {
  let tokens: ReturnType<typeof openTokens> | undefined;
  let isDemanded = false; // keys are revoked and never deleted, so what is demanded stays so

  async function verifyAccessToken(token: string): Promise<AuthInfo> {
    const { access, expiresAt } = looksLikeKey(token) ? await byKey(token) : await byToken(token);
    const scopes = Scope.options.filter((scope) => may(access, scope)).map(oauthScope);
    return { token: "", clientId: access.id, scopes, expiresAt, extra: { access } };
  }

  async function byKey(token: string) {
    const { access, expiresAt = NEVER, touch } = await admitKey(await app.ports(), token);
    if (touch) app.during(touch()).catch((error: unknown) => logError("key.touch", error));
    return { access, expiresAt };
  }

  async function byToken(token: string) {
    tokens ??= openTokens(app.config);
    const verifier = await tokens;
    if (verifier !== undefined) return verifier.verify(token);
    throw new HandbookError("BAD_TOKEN", "this server takes its own keys only", {
      fix: "Ask whoever runs it for one",
    });
  }

  const verifier = {
    verifyAccessToken: (token: string) =>
      verifyAccessToken(token).catch((error: unknown) => {
        if (error instanceof HandbookError && error.code === "BAD_TOKEN") {
          const { code = "key", claim }: { code?: string; claim?: string } = { ...(error.cause ?? {}) };
          log("auth.rejected", { why: code, claim });
          throw new OAuthError(OAuthErrorCode.InvalidToken, error.message);
        }
        throw error;
      }),
  };

  return {
    /** Whether a caller must say who it is. */
    async isDemanded(): Promise<boolean> {
      isDemanded ||= app.config.serving.oauth !== undefined || (await (await app.ports()).ledger.hasKeys());
      return isDemanded;
    },
    /** Throws: OAuthError for a caller that is not let in; ISSUER_UNAVAILABLE. */
    async authenticate(header: string | undefined): Promise<Caller> {
      const authInfo = await verifyBearerToken(header, {
        verifier,
        ...(resourceMetadataUrl !== undefined && { resourceMetadataUrl }),
      });
      const access = accessOf(authInfo);
      if (access === undefined) throw new Error("unreachable: the verifier says whose it is");
      return { access, expiresAt: authInfo.expiresAt ?? NEVER, authInfo };
    },
  };
}

/** For whom a request is served; undefined where everybody may do everything. */
export function accessOf(authInfo: AuthInfo | undefined): Access | undefined {
  return authInfo?.extra?.access as Access | undefined;
}
