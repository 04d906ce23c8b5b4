import { expect, test } from "vitest";
import * as z from "zod";
import { HandbookFile } from "../src/adapters/readers/handbook-json-reader.ts";
import { Behavior } from "../src/model/behavior.ts";
import { Decision } from "../src/model/decision.ts";
import { Handbook } from "../src/model/handbook.ts";
import { OutcomeReport } from "../src/model/outcome.ts";
import { Candidate, Reflection } from "../src/model/reflection.ts";
import { Citation, Trace } from "../src/model/trace.ts";
import { Use } from "../src/model/use.ts";
import { DEFINITION_TOKENS } from "../src/rules/lift/account.ts";
import { connectInProcess } from "./clients.ts";

// `npm run schemas` writes the files; without it a stale or missing one fails.
test.each([
  ["behavior", Behavior],
  ["candidate", Candidate],
  ["citation", Citation],
  ["decision", Decision],
  ["handbook", Handbook],
  ["handbook-file", HandbookFile],
  ["outcome-report", OutcomeReport],
  ["reflection", Reflection],
  ["trace", Trace],
  ["use", Use],
] as const)("schemas/%s.schema.json is what zod says", async (name, schema) => {
  const json = `${JSON.stringify(z.toJSONSchema(schema, { io: "input" }), null, 2)}\n`;
  await expect(json).toMatchFileSnapshot(`../schemas/${name}.schema.json`);
});

test("schemas/tools.json is exactly what an agent sees", async () => {
  await using connected = await connectInProcess();
  const { tools } = await connected.client.listTools();
  await expect(`${JSON.stringify(tools, null, 2)}\n`).toMatchFileSnapshot("../schemas/tools.json");
});

test("the eight tools cost an agent at most 2,000 tokens, the whole list 3,500", async () => {
  await using connected = await connectInProcess();
  const listed = await connected.client.listTools();
  const seen = listed.tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  expect(listed.tools).toHaveLength(8);
  expect(JSON.stringify(seen).length / 4).toBeLessThanOrEqual(2000);
  expect(JSON.stringify(listed).length / 4).toBeLessThanOrEqual(3500);
  // What the account of a handbook charges for them.
  expect(Math.abs(JSON.stringify(seen).length / 4 - DEFINITION_TOKENS)).toBeLessThan(100);
});

test("every tool says when to call it, describes its arguments and sets all four hints", async () => {
  await using connected = await connectInProcess();
  for (const tool of (await connected.client.listTools()).tools) {
    expect(tool.name).toMatch(/^[a-z][a-z0-9_]{0,36}$/);
    expect(tool.description?.length).toBeLessThan(1024);
    expect(tool.annotations).toMatchObject({
      readOnlyHint: expect.any(Boolean),
      destructiveHint: expect.any(Boolean),
      idempotentHint: expect.any(Boolean),
      openWorldHint: expect.any(Boolean),
    });
    const schema = JSON.stringify(tool.inputSchema);
    // Weak clients fail on these: unions, references, nullable types.
    expect(schema).not.toMatch(/"(?:anyOf|oneOf|allOf|\$ref|\$defs)"|"type":\[/);
    expect(tool.inputSchema).toMatchObject({ type: "object", additionalProperties: false });
  }
});
