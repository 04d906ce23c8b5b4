import { createHash, generateKeyPairSync, type KeyExportOptions, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { findSecrets, readable } from "../../src/adapters/secret-patterns.ts";
import { secretlintSecrets } from "../../src/adapters/secretlint-secrets.ts";

const { redact } = secretlintSecrets();

const DIGITS = "0123456789";
const HEX = `${DIGITS}abcdef`;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const WORD = LETTERS + DIGITS;
/** Letters that look random and are the same in every run. */
function random(length: number, alphabet = WORD): string {
  let letters = "";
  for (let n = 0; letters.length < length; n++) {
    const bytes = createHash("sha512").update(`${alphabet}${length}:${n}`).digest();
    letters += [...bytes].map((byte) => alphabet[byte % alphabet.length]).join("");
  }
  return letters.slice(0, length);
}
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

const pem = (key: KeyObject, options: object = { type: "pkcs8" }) =>
  String(key.export({ format: "pem", ...options } as KeyExportOptions<"pem">));
const { privateKey: rsaKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const { privateKey: ecKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = pem(rsaKey);
const ed25519 = pem(generateKeyPairSync("ed25519").privateKey);
const ec = pem(ecKey);
const ecSec1 = pem(ecKey, { type: "sec1" });
const encrypted = pem(rsaKey, { type: "pkcs1", cipher: "aes-256-cbc", passphrase: "x" });

const jwt = `${base64url({ alg: "HS256", typ: "JWT" })}.${base64url({ sub: "1234567890" })}.${random(43)}`;
const awsKey = `${random(18)}/${random(20)}+`;
const hex40 = random(40, HEX);
const basic = Buffer.from("alice:hunter").toString("base64");
const azure = `${random(42)}/${random(43)}==`;
const openai = `sk-${random(20)}T3BlbkFJ${random(20)}`;

/** How it appears, the secret in it, and the kind it is reported as. */
const SECRETS: [name: string, text: string, secret: string, kind: string][] = [
  ["AWS key id", "AKIAIOSFODNN7EXAMPLQ", "AKIAIOSFODNN7EXAMPLQ", "aws"],
  ["AWS secret", `AWS_SECRET_ACCESS_KEY=${awsKey}`, awsKey, "aws"],
  ["AWS secret, quoted", `AWS_SECRET_ACCESS_KEY="${awsKey}"`, awsKey, "aws"],
  ["AWS secret, aligned", `aws_secret_access_key${" ".repeat(30)}= ${awsKey}`, awsKey, "aws"],
  ["AWS secret, JSON", `{"SecretAccessKey": "${awsKey}", "x": 1}`, awsKey, "aws"],
  ["AWS secret, slashes escaped", `"SecretAccessKey":"${awsKey.replace("/", "\\/")}"`, random(20), "aws"],
  ["AWS secret, XML", `<SecretAccessKey>${awsKey}</SecretAccessKey>`, awsKey, "aws"],
  ["AWS secret, prompt", `AWS Secret Access Key [None]: ${awsKey}`, awsKey, "aws"],
  ["AWS session token", `AWS_SESSION_TOKEN=${random(300)}==`, random(300), "aws"],
  ["PKCS8 RSA key", rsa, rsa, "privatekey"],
  ["PKCS8 Ed25519 key", ed25519, ed25519, "privatekey"],
  ["PKCS8 EC key", ec, ec, "privatekey"],
  ["SEC1 EC key", ecSec1, ecSec1, "privatekey"],
  ["encrypted RSA key", encrypted, encrypted, "privatekey"],
  ["indented key", rsa.replace(/^/gm, "    "), rsa, "privatekey"],
  ["key cut off", rsa.slice(0, 900), rsa.slice(0, 900), "privatekey"],
  ["key in a service account", `{"private_key": ${JSON.stringify(rsa)}}`, rsa, "privatekey"],
  ["Google API key", `AIza${random(35)}`, `AIza${random(35)}`, "google api key"],
  ["JWT", jwt, jwt, "jwt"],
  ["JWT after a name", `session_${jwt}`, jwt, "jwt"],
  ["bearer header", `Authorization: Bearer ${hex40}`, hex40, "authorization"],
  ["bearer header, lower case", `authorization: bearer ${hex40}`, hex40, "authorization"],
  ["bearer header, JSON", `{"Authorization": "Bearer ${hex40}"}`, hex40, "authorization"],
  ["bearer header, call", `setHeader("Authorization", 'Bearer ${hex40}')`, hex40, "authorization"],
  ["bearer token without the header", `Bearer ${hex40}`, hex40, "authorization"],
  ["basic header", `curl -H 'Authorization: Basic ${basic}'`, basic, "authorization"],
  ["redis", "redis://:hunter2secret@cache:6379", "hunter2secret", "url password"],
  ["amqp", "amqp://u:hunter2secret@host/%2f", "hunter2secret", "url password"],
  ["another scheme", "smtps://me:hunter2%40!s@mail.example.com", "hunter2%40!s", "url password"],
  ["http to a host without a dot", "http://me:hunter2secret@localhost:80", "hunter2secret", "url password"],
  ["URL, slashes escaped", String.raw`"redis:\/\/:hunter2secret@cache"`, "hunter2secret", "url password"],
  ["npm's GitHub URL", `https://${hex40}:x-oauth-basic@github.com/a/b`, hex40, "basicauth"],
  ["Azure account key", `AccountName=a;AccountKey=${azure};EndpointSuffix=b`, azure, "azure"],
  ["Azure access key", `SharedAccessKeyName=a;SharedAccessKey=${random(43)}=`, random(43), "azure"],
  ["npmrc", `//registry.example.com/:_authToken=${hex40}`, hex40, "npm"],
  ["npmrc password", `//registry.example.com/:_password = "${basic}="`, basic, "npm"],
  ["npm token", `npm_${random(36)}`, random(36), "npm"],
  ["GitHub", `ghp_${random(36)}`, random(36), "github"],
  ["GitHub, fine-grained", `github_pat_${random(82)}`, random(82), "github"],
  ["GitLab", `glpat-${random(20)}`, random(20), "gitlab"],
  ["Slack", `xoxb-123456789012-1234567890123-${random(24)}`, random(24), "slack"],
  ["OpenAI", openai, openai, "openai"],
  ["Anthropic", `sk-ant-api03-${random(93)}AA`, random(93), "anthropic"],
  ["Groq", `gsk_${random(52)}`, random(52), "groq"],
  ["Hugging Face", `hf_${random(34, LETTERS)}`, random(34, LETTERS), "huggingface"],
  ["Stripe", `sk_live_${random(24)}`, random(24), "stripe"],
  ["SendGrid", `SG.${random(22)}.${random(43)}`, random(43), "sendgrid"],
  ["Shopify", `shpat_${random(32, HEX)}`, random(32, HEX), "shopify"],
  ["Linear", `lin_api_${random(40)}`, random(40), "linear"],
  ["Notion", `ntn_${random(11, DIGITS)}${random(35)}`, random(35), "notion"],
  ["Databricks", `dapi${random(32, HEX)}`, random(32, HEX), "databricks"],
  ["Docker", `dckr_pat_${random(27)}`, random(27), "docker"],
  ["Figma", `figd_${random(40)}`, random(40), "figma"],
  ["Vault", `hvs.${random(95)}`, random(95), "hashicorp vault"],
  ["Vercel", `vcp_${random(24)}`, random(24), "vercel"],
  ["Grafana", `glsa_${random(32)}_${random(8, HEX)}`, random(32), "grafana"],
  ["Cloudflare", `cfut_${random(40)}${random(8, HEX)}`, random(40), "cloudflare"],
  ["Tailscale", `tskey-auth-${random(17)}-${random(32)}`, random(32), "tailscale"],
  ["Postgres", "postgres://me:hunter2secret@host:5432/db", "hunter2secret", "database connection string"],
  [
    "MongoDB",
    "mongodb+srv://me:hunter2secret@a.example.com/x",
    "hunter2secret",
    "database connection string",
  ],
  ["http", "https://me:hunter2secret@example.com/repo.git", "hunter2secret", "basicauth"],
];

const AROUND: [name: string, around: (text: string) => string][] = [
  ["plain text", (text) => `I found ${text} in it.`],
  ["lines", (text) => `output:\n${text}\ndone`],
  ["JSON", (text) => JSON.stringify({ output: `cat it\n${text}\nnext line`, other: "a@b.c" })],
  ["JSON in JSON", (text) => JSON.stringify(JSON.stringify({ output: `cat it\n${text}\n`, n: 1 }))],
  ["a shell export", (text) => `$ export SECRET='${text}' && ./run`],
  ["code", (text) => `const secret = \`${text}\`; // the "secret"\nuse(secret);`],
  ["a colored terminal", (text) => `\u001b[1;31m${text}\u001b[0m\n`],
];

/** Every 10 characters in a row of a secret that are still in a text. */
function leaks(text: string, secret: string): string[] {
  const lines = secret.split("\n").filter((line) => !/-----|: |^$/.test(line));
  return lines
    .flatMap((line) => Array.from({ length: Math.max(1, line.length - 9) }, (_, n) => line.slice(n, n + 10)))
    .filter((part) => text.includes(part));
}

describe.each(AROUND)("in %s", (_, around) => {
  test.each(SECRETS)("nothing is left: %s", async (_, text, secret, kind) => {
    const traced = around(text);
    const result = await redact(traced);
    expect(leaks(result.text, secret)).toEqual([]);
    expect(result.kinds).toContain(kind);
    expect(result.text).toContain(`[redacted: ${kind}]`);
    const [before = "", after = ""] = around("|").split("|");
    expect(result.text.startsWith(before), "what stands before stays").toBe(true);
    if (text !== rsa.slice(0, 900)) expect(result.text.endsWith(after), "what follows stays").toBe(true);
    expect((await redact(result.text)).text, "a second scan finds nothing").toBe(result.text);
  });
});

test.each([
  ["a GitHub token", `ghp_${random(36)}`, "github"],
  ["a connection string", "postgres://user:secretpw@host:5432/db", "database connection string"],
  ["an AWS key id", "AKIAIOSFODNN7EXAMPLQ", "aws"],
])("%s is taken out, and the rest stays", async (_, secret, kind) => {
  const { text, kinds } = await redact(`before ${secret} between ${secret} after`);
  expect(text).toBe(`before [redacted: ${kind}] between [redacted: ${kind}] after`);
  expect(kinds).toEqual([kind]);
});

test("the name of a secret stays readable where a pattern of ours finds it", async () => {
  const text = `AWS_SECRET_ACCESS_KEY=${awsKey} amqp://u:hunter2secret@host Authorization: Bearer ${hex40}`;
  expect(await redact(text)).toEqual({
    text: "AWS_SECRET_ACCESS_KEY=[redacted: aws] amqp://[redacted: url password]@host Authorization: Bearer [redacted: authorization]",
    kinds: ["aws", "url password", "authorization"],
  });
});

test("a token that is longer than its rule says leaves no tail", async () => {
  const { text } = await redact(`AIza${random(35)}tail-of-it_/+== end`);
  expect(text).toBe("[redacted: google api key] end");
});

test("where findings overlap, there is one hole", async () => {
  expect((await redact(`Authorization: Bearer ${jwt} end`)).text).toMatch(
    /^Authorization: Bearer \[[^\]]+\] end$/,
  );
});

test.each([
  "// secretlint-disable",
  "# secretlint-disable",
  "<!-- secretlint-disable -->",
  "/* secretlint-disable-next-line */",
])("no comment in the text switches the scan off: %s", async (comment) => {
  const secret = `ghp_${random(36)}`;
  expect((await redact(`${comment}\n${secret}\n${comment} ${secret}`)).text).not.toContain(secret);
});

test.each([
  "The password policy asks for 12 characters; my token budget is 5,000. sk-learn is a library.",
  "Authorization: Basic authentication is older than bearer authentication. Authorization: Bearer tokens.",
  "Basic internationalization needs Basic Latin; Bearer standardization-of-2012 and bearer capabilities2go.",
  "The secret access key: /home/someone/work/projects/handbook/config/credentials",
  "A key begins with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----.",
  'if (pem.startsWith("-----BEGIN PRIVATE KEY-----") && pem.endsWith("-----END PRIVATE KEY-----")) return readTheKeyOf(pem);',
  "-----BEGIN PRIVATE KEY-----\nMIIE...\n-----END PRIVATE KEY-----",
  `-----BEGIN PUBLIC KEY-----\n${random(64)}\n${random(64)}\n-----END PUBLIC KEY-----`,
  `-----BEGIN CERTIFICATE-----\n${random(64)}\n${random(64)}\n-----END CERTIFICATE-----`,
  'headers: { Authorization: "Bearer " + getAccessToken(user.id2), Accept: "application/json" }',
  "headers.set('Authorization', `Bearer $" + "{process.env.ACCESS_TOKEN_2}`);",
  "this._authToken=options.authToken; this._auth = new AuthenticationHandler2(options);",
  "const secretAccessKey = process.env.AWS_SECRET_ACCESS_KEY ?? config.secretAccessKeyFromTheConfigurationFile;",
  "registeredKeyJsonSerializer.toStringSomething.andAnotherThing(); monkeyJungleAdventures.firstChapter.secondChapter",
  `data:image/png;base64,iVBORw0KGgo${random(4000, `${WORD}+/`)}==`,
  `sha256:${random(64, HEX)} commit ${random(40, HEX)} sha512-${random(86, `${WORD}+/`)}==`,
  "docker pull alpine:3.18@sha256:abc; docker://alpine:3.18@sha256:0123456789abcdef",
  "550e8400-e29b-41d4-a716-446655440000 01ARZ3NDEKTSV4RRFFQ69G5FAV",
  String.raw`\nabla \times \vec{E} = -\frac{\partial \vec{B}}{\partial t} \quad \text{so } \neg\theta \Rightarrow \rho`,
  "http://localhost:3000/@vite/client https://example.com:8080/a@b?c=d:e@f git@github.com:a/b.git ssh://git@host:22/a",
  "http://localhost:8080?email=a@b.c http://localhost:8080#x@y, mailto:me@example.com std::vector<a::b>@c",
  '{"url":"mongodb://localhost:27017","email":"a@b.c","other":"redis://cache:6379"} [\'http://a:80\',\'a@b\']',
  String.raw`/^(?:https?|ftp):\/\/(?:\S+(?::\S*)?@)?\w+$/`,
  "x[0m] = a[1;2m]; 'it''s' \"\\\"quoted\\\"\" `ticks` \\\\\\\\n",
])("harmless text comes back as it is: %s", async (text) => {
  expect(await redact(text)).toEqual({ text, kinds: [] });
  const json = JSON.stringify({ text });
  expect((await redact(json)).text).toBe(json);
});

// Our judgment: what is visibly a placeholder stays, because it tells how to do it and hides nothing.
test.each([
  "Authorization: Bearer <token>",
  "Authorization: Bearer $TOKEN",
  "Authorization: Bearer {token}",
  "Authorization: Bearer YOUR_API_KEY",
  "Authorization: Basic <credentials>",
  "Bearer $TOKEN, Bearer <token>, Bearer ...",
  "redis://:$REDIS_PASSWORD@cache amqp://u:$" +
    "{PASSWORD}@host amqp://<user>:<password>@host amqp://u:***@host",
  "//registry.npmjs.org/:_authToken=$" + "{NPM_TOKEN}",
  "AWS_SECRET_ACCESS_KEY=<your key> AccountKey=<key>",
])("a placeholder stays: %s", async (text) => {
  expect((await redact(text)).text).toBe(text);
});

// Our judgment: "password" may well be the password of a queue; an example loses two words.
test("what may be a real password does not stay, even if it is a poor one", async () => {
  expect((await redact("amqp://user:password@localhost")).text).toBe(
    "amqp://[redacted: url password]@localhost",
  );
});

test("a megabyte of anything is scanned", async () => {
  const text = "0123456789abcdef/+".repeat(60_000);
  expect((await redact(text)).text).toBe(text);
});

// Each would take minutes if its pattern were quadratic: then the test runs into its time limit.
test.each([
  "-----BEGIN PRIVATE KEY-----",
  "-----BEGIN PRIVATE KEY----- ",
  `-----BEGIN PRIVATE KEY-----\n${"A".repeat(31)} `,
  `-----BEGIN PRIVATE KEY-----${"a".repeat(20_000)}`,
  "secret_access_key",
  "secret_access_key = ",
  "aws_secret_access_key=a/",
  "AIza",
  "eyJ",
  "_eyJaaaaaaaaaa",
  "eyJaaaaaaaaaa.",
  "eyJaaaaaaaaaa.a.",
  "authorization: bearer ",
  "Bearer a",
  "bearer ",
  "Basic a",
  "://a:",
  "://:a:a:a",
  "://",
  "AccountKey=",
  "AccountKey=a",
  "_authToken=",
  ":_authToken ",
  "\\",
  "\\\\/",
  "[1;",
  '\\"',
])(
  "two adversarial megabytes are scanned: %j again and again, then once before a long run",
  async (part) => {
    const long = 2_000_000;
    for (const text of [
      part.repeat(long / part.length),
      ...["a1", " "].map((run) => part + run.repeat(long / run.length)),
    ]) {
      expect(findSecrets(readable(text))).toBeInstanceOf(Array);
    }
  },
  60_000,
);

test("a scan leaves nothing behind: the scanner's own profiler keeps its marks for ever", async () => {
  const kept = () => performance.getEntries().length;
  const before = kept();
  await redact("a text");
  await new Promise((resolve) => setImmediate(resolve));
  expect(kept()).toBe(before);
});
