import { expect, test } from "vitest";
import { secretlintSecrets } from "../../src/adapters/secretlint-secrets.ts";

const { redact } = secretlintSecrets();

test.each([
  ["a GitHub token", "ghp_wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUX", "github"],
  ["a Slack token", "xoxb-123456789012-1234567890123-abcdefghijklmnopqrstuvwx", "slack"],
  ["a connection string", "postgres://user:secretpw@host:5432/db", "database connection string"],
  ["an AWS key id", "AKIAIOSFODNN7EXAMPLQ", "aws"],
])("%s is taken out, and the rest stays", async (_, secret, kind) => {
  const { text, kinds } = await redact(`before ${secret} between ${secret} after`);
  expect(text).toBe(`before [redacted: ${kind}] between [redacted: ${kind}] after`);
  expect(kinds).toEqual([kind]);
});

test("text without secrets comes back as it is", async () => {
  const text = "The password policy asks for 12 characters; my token budget is 5,000. sk-learn is a library.";
  expect(await redact(text)).toEqual({ text, kinds: [] });
});

test("a megabyte of anything is scanned", async () => {
  const text = "0123456789abcdef/+".repeat(60_000);
  expect((await redact(text)).text).toBe(text);
});

test("a scan leaves nothing behind: the scanner's own profiler keeps its marks for ever", async () => {
  const kept = () => performance.getEntries().length;
  const before = kept();
  await redact("a text");
  await new Promise((resolve) => setImmediate(resolve));
  expect(kept()).toBe(before);
});
