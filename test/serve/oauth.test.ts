import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { call } from "../clients.ts";
import { bearer, newClient, post, startService } from "./service.ts";

const AUDIENCE = "https://handbook.example.com/mcp";
const list = { jsonrpc: "2.0", id: 1, method: "tools/list" };

/** An issuer on loopback, with keys that it publishes. */
async function startIssuer(path = "") {
  const sound = await generateKeyPair("ES256");
  const stranger = await generateKeyPair("ES256");
  const rsa = await generateKeyPair("RS256");
  let isUp = true;
  let url = "";
  const keys = [
    { ...(await exportJWK(sound.publicKey)), kid: "one", alg: "ES256" },
    { ...(await exportJWK(rsa.publicKey)), kid: "rsa" },
  ];
  const server = createServer((request, response) => {
    if (!isUp) return void response.writeHead(503).end();
    const documents: Record<string, object> = {
      [`/.well-known/oauth-authorization-server${path}`]: { issuer: url, jwks_uri: `${url}/jwks` },
      [`${path}/jwks`]: { keys },
    };
    const found = documents[request.url ?? ""];
    response
      .writeHead(found ? 200 : 404, { "content-type": "application/json" })
      .end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const claims = { scope: "handbook:read handbook:write openid", handbooks: ["yard"] };
  return {
    url,
    rsa,
    stop: () => (isUp = false),
    token(
      change: { [claim in keyof JWTPayload]: unknown } = {},
      { by = sound.privateKey, kid = "one", alg = "ES256", expires = "5m" as string | number } = {},
    ) {
      return new SignJWT({
        ...claims,
        iss: url,
        aud: AUDIENCE,
        sub: "ada@example.com",
        ...change,
      } as JWTPayload)
        .setProtectedHeader({ alg, kid })
        .setIssuedAt()
        .setExpirationTime(expires)
        .sign(by);
    },
    stranger: stranger.privateKey,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const withIssuer = (issuer: { url: string }) => ({
  HANDBOOK_OAUTH_ISSUER: issuer.url,
  HANDBOOK_OAUTH_AUDIENCE: AUDIENCE,
});

describe.each(["", "/realms/one"])("an issuer at the path %s", (path) => {
  test("its tokens are taken for what they say, and their subject is the author", async () => {
    await using issuer = await startIssuer(path);
    await using served = await startService(withIssuer(issuer));
    const client = await served.client(await issuer.token());
    const { trace_id } = await call(client, "record_trace", { task: "t", reasoning: "r" });
    const { ledger } = await served.app.ports();
    expect(await ledger.traces([String(trace_id)])).toMatchObject([
      { handbook: "yard", agent: "ada@example.com (Cursor 1.2)" },
    ]);
    await expect(call(client, "record_trace", { task: "t", reasoning: "r", handbook: "b" })).rejects.toThrow(
      /FORBIDDEN/,
    );
    const narrow = await newClient(
      served.url,
      await issuer.token({ scope: "handbook:read:yard", handbooks: undefined }),
    );
    await call(narrow, "handbook_report", {});
    await narrow.close();
  });
});

test("a token that is forged, late, of another issuer or for another resource is none", async () => {
  await using issuer = await startIssuer();
  await using served = await startService(withIssuer(issuer));
  const bad: Record<string, string> = {
    forged: await issuer.token({}, { by: issuer.stranger }),
    late: await issuer.token({}, { expires: Math.floor(Date.now() / 1000) - 3600 }),
    "of another issuer": await issuer.token({ iss: "https://other.example.com" }),
    "for another resource": await issuer.token({ aud: "https://other.example.com/mcp" }),
    "for no resource": await issuer.token({ aud: undefined }),
    "of a number": await issuer.token({ sub: 7 }),
    "of an empty name": await issuer.token({ sub: " \u202e" }),
    "of nobody": await issuer.token({ sub: undefined }),
    "of an unknown key": await issuer.token({}, { kid: "two" }),
    unsigned: new UnsecuredJWT({ iss: issuer.url, aud: AUDIENCE, sub: "x" }).setExpirationTime("5m").encode(),
    "signed with the public key as a secret": await new SignJWT({ iss: issuer.url, aud: AUDIENCE, sub: "x" })
      .setProtectedHeader({ alg: "HS256", kid: "one" })
      .setExpirationTime("5m")
      .sign(new TextEncoder().encode("x".repeat(64))),
  };
  for (const [name, token] of Object.entries(bad)) {
    const answer = await post(served.url, list, bearer(token));
    expect(answer.status, name).toBe(401);
    expect(answer.headers.get("www-authenticate"), name).toMatch(
      /error="invalid_token".*resource_metadata="https:\/\/handbook\.example\.com\/\.well-known\/oauth-protected-resource\/mcp"/,
    );
    expect(await answer.text()).not.toMatch(/JWS|jose|\.ts/i);
  }
  const rsa = await issuer.token({}, { by: issuer.rsa.privateKey, kid: "rsa", alg: "RS256" });
  expect((await post(served.url, list, bearer(rsa))).status).toBe(200);
});

test("who has no token learns where to get one", async () => {
  await using issuer = await startIssuer();
  await using served = await startService(withIssuer(issuer));
  const refused = await post(served.url, list);
  expect(refused.status).toBe(401);
  const found = await fetch(served.at("/.well-known/oauth-protected-resource/mcp"));
  expect(await found.json()).toMatchObject({
    resource: AUDIENCE,
    authorization_servers: [issuer.url],
    bearer_methods_supported: ["header"],
    scopes_supported: ["handbook:read", "handbook:write", "handbook:curate", "handbook:admin"],
  });
});

test("keys of this server work beside tokens, also while the issuer is down; tokens then wait", async () => {
  await using issuer = await startIssuer();
  issuer.stop();
  await using served = await startService(withIssuer(issuer));
  const key = await served.key({ read: ["yard"] });
  expect((await post(served.url, list, bearer(key))).status).toBe(200);
  const waits = await post(served.url, list, bearer(await issuer.token()));
  expect(waits.status).toBe(503);
  expect(waits.headers.get("retry-after")).toBe("10");
});
