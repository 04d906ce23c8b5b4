import type { IncomingMessage, ServerResponse } from "node:http";
import { type AuthInfo, bearerAuthChallengeResponse, OAuthError } from "@modelcontextprotocol/server";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { App } from "../app.ts";
import { HandbookError } from "../errors.ts";
import { type Access, ALL_HANDBOOKS, type ApiKey, Scope } from "../model/access.ts";
import { may } from "../rules/grants.ts";
import { authenticator } from "./authenticate.ts";
import { isWildcard } from "./guards.ts";
import { log } from "./log.ts";
import { requestContext } from "./request-context.ts";
import { oauthScope } from "./serving.ts";

const WELL_KNOWN = "/.well-known/oauth-protected-resource";
const FAILURES_A_MINUTE = 30; // of one address
const MINUTE_S = 60;

/** Who comes in over HTTP, and how often. */
export class Gate {
  /** Hears why somebody was not let in. */
  refused: (why: "unauthorized" | "forbidden" | "rate") => void = () => {};
  readonly #app: App;
  readonly #authenticator: ReturnType<typeof authenticator>;
  readonly #metadataUrl: string | undefined;
  readonly #calls: RateLimiterMemory;
  readonly #failures = new RateLimiterMemory({ points: FAILURES_A_MINUTE, duration: MINUTE_S });

  constructor(app: App) {
    const { oauth, rateLimit } = app.config.serving;
    this.#app = app;
    this.#metadataUrl = oauth && metadataUrl(new URL(oauth.audience));
    this.#authenticator = authenticator(app, this.#metadataUrl);
    this.#calls = new RateLimiterMemory({ points: rateLimit, duration: MINUTE_S });
  }

  /** Throws: BAD_CONFIG where anybody on the network could come in, or nobody could name the server. */
  async mustBeShut(host: string): Promise<void> {
    const { oauth, publicUrl } = this.#app.config.serving;
    const { ledger, now } = await this.#app.ports();
    const at = now().toISOString();
    const isSound = (key: ApiKey) =>
      key.revoked_at === undefined && (key.expires_at === undefined || key.expires_at > at);
    if (oauth === undefined && !(await ledger.keys()).some(isSound)) {
      throw new HandbookError(
        "BAD_CONFIG",
        `on ${host} anybody who reaches this machine could read and write`,
        {
          fix: "Make a key first (`handbook keys create --name me`), or set HANDBOOK_OAUTH_ISSUER; without --host only this machine is served",
        },
      );
    }
    if (publicUrl === undefined && isWildcard(host)) {
      throw new HandbookError("BAD_CONFIG", `${host} is no name that a client could ask for`, {
        fix: "Set HANDBOOK_PUBLIC_URL to the address that clients use, such as https://handbook.example.com/mcp",
      });
    }
  }

  /**
   * Lets a request in or answers it. Undefined, with nothing answered, where nobody has to say who it is. `scope`: what it
   * takes besides being known, for all handbooks.
   */
  async letsIn(
    request: IncomingMessage,
    response: ServerResponse,
    scope?: Scope,
  ): Promise<AuthInfo | undefined> {
    if (!(await this.#authenticator.isDemanded())) return undefined;
    try {
      const caller = await this.#authenticator.authenticate(request.headers.authorization);
      const context = requestContext.getStore();
      if (context) Object.assign(context, { access: caller.access, expiresAt: caller.expiresAt });
      await this.#calls.consume(caller.access.id);
      if (scope === undefined || may(caller.access, scope, ALL_HANDBOOKS)) return caller.authInfo;
      this.refused("forbidden");
      await send(response, this.#challenge403(scope));
    } catch (error) {
      await this.#refuse(request, response, error);
    }
    return undefined;
  }

  /** Counts what one request asks for: the first was counted when it came in, the others of a batch as they come. */
  counter({ id }: Access): () => Promise<void> {
    let isFirst = true;
    return async () => {
      const isCounted = isFirst;
      isFirst = false;
      if (isCounted) return;
      await this.#calls.consume(id).catch(() => {
        throw new HandbookError("RATE_LIMITED", "this is more than one caller may ask for in a minute", {
          fix: "Nothing was done. Try again in a minute",
        });
      });
    };
  }

  /** RFC 9728: where tokens for this server come from. Undefined for another path, and without an issuer. */
  metadata(path: string): object | undefined {
    const { oauth } = this.#app.config.serving;
    if (oauth === undefined || (path !== WELL_KNOWN && !path.startsWith(`${WELL_KNOWN}/`))) return undefined;
    return {
      resource: oauth.audience,
      authorization_servers: [oauth.issuer],
      scopes_supported: Scope.options.map(oauthScope),
      bearer_methods_supported: ["header"],
      resource_name: "Behavior handbook",
    };
  }

  async #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): Promise<void> {
    if (error instanceof RateLimiterRes) return this.#tooMany(response, error);
    if (error instanceof HandbookError && error.code === "ISSUER_UNAVAILABLE") {
      log("auth.issuer_unavailable");
      return send(
        response,
        Response.json(
          { error: "temporarily_unavailable", error_description: error.message },
          { status: 503, headers: { "retry-after": "10" } },
        ),
      );
    }
    if (!(error instanceof OAuthError)) throw error;
    this.refused("unauthorized");
    // Whoever only forgot to say who it is has tried nothing.
    if (request.headers.authorization !== undefined) {
      const spent = await this.#failures
        .consume(request.socket.remoteAddress ?? "")
        .catch((limit: unknown) => limit);
      if (spent instanceof RateLimiterRes && spent.consumedPoints > FAILURES_A_MINUTE)
        return this.#tooMany(response, spent);
    }
    const url = this.#metadataUrl;
    return send(
      response,
      bearerAuthChallengeResponse(error, url === undefined ? {} : { resourceMetadataUrl: url }),
    );
  }

  #challenge403(scope: Scope): Response {
    const where = this.#metadataUrl === undefined ? "" : `, resource_metadata="${this.#metadataUrl}"`;
    return Response.json(
      { error: "insufficient_scope", error_description: `This takes the scope ${oauthScope(scope)}` },
      {
        status: 403,
        headers: {
          "www-authenticate": `Bearer error="insufficient_scope", scope="${oauthScope(scope)}"${where}`,
        },
      },
    );
  }

  async #tooMany(response: ServerResponse, { msBeforeNext }: RateLimiterRes): Promise<void> {
    this.refused("rate");
    const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
    const error = { code: -32000, message: `Too many requests. Try again in ${seconds} s` };
    await send(
      response,
      Response.json(
        { jsonrpc: "2.0", error, id: null },
        { status: 429, headers: { "retry-after": String(seconds) } },
      ),
    );
  }
}

/** The well-known path goes between the host and the path of the resource. */
function metadataUrl({ origin, pathname }: URL): string {
  return `${origin}${WELL_KNOWN}${pathname === "/" ? "" : pathname}`;
}

async function send(response: ServerResponse, made: Response): Promise<void> {
  response.writeHead(made.status, Object.fromEntries(made.headers)).end(await made.text());
}
