import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { checkIssuer } from "../../src/cli/doctor-issuer.ts";
import { readConfig } from "../../src/config.ts";

/** An issuer on loopback. `slash`: it writes its own name with one at the end. */
async function startIssuer({ slash = false, keys = true } = {}) {
  const jwk = { ...(await exportJWK((await generateKeyPair("ES256")).publicKey)), kid: "one", alg: "ES256" };
  const server = createServer((request, response) => {
    const documents: Record<string, object> = {
      "/.well-known/openid-configuration": { issuer: slash ? `${url}/` : url, jwks_uri: `${url}/jwks` },
      ...(keys && { "/jwks": { keys: [jwk] } }),
    };
    const found = documents[request.url ?? ""];
    response.writeHead(found ? 200 : 404).end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return url;
}

const check = (issuer: string) =>
  checkIssuer(
    readConfig({
      HANDBOOK_OAUTH_ISSUER: issuer,
      HANDBOOK_OAUTH_AUDIENCE: "https://handbook.example.com/mcp",
    }),
  );

test("an issuer whose keys can be had is well", async () => {
  const url = await startIssuer();
  expect(await check(url)).toEqual({
    status: "ok",
    message: `tokens of ${url} for https://handbook.example.com/mcp`,
  });
});

test("the name that the issuer gives itself is told where ours differs", async () => {
  const url = await startIssuer({ slash: true });
  expect(await check(url)).toMatchObject({
    status: "failed",
    fix: expect.stringContaining(`HANDBOOK_OAUTH_ISSUER to exactly "${url}/"`),
  });
  expect(await check(`${url}/`)).toMatchObject({ status: "ok" });
});

test("an issuer without keys, or that is away, is told", async () => {
  const url = await startIssuer({ keys: false });
  for (const issuer of [url, "http://127.0.0.1:1"]) {
    expect(await check(issuer)).toMatchObject({
      status: "failed",
      message: `the keys of ${issuer} cannot be had`,
      fix: expect.stringContaining("openid-configuration"),
    });
  }
});
