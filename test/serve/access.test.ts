import type { Client } from "@modelcontextprotocol/client";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { TOOLS } from "../../src/serve/tools.ts";
import { call } from "../clients.ts";
import { bearer, EVERYTHING, oldClient, post, type Served, startService, toolCall } from "./service.ts";

const SECRET = "xylophonequartz";
const B = "hidden-yard";
const BEHAVIOR = `behavior_${SECRET}`;

/** Fills a handbook through the tools, and answers every id that came up. */
async function fill(served: Served, key: string, handbook: string, word: string) {
  const client = await served.client(key);
  const task = `Reconcile the ${word} ledger with its invoices`;
  await call(client, "record_trace", { task: "first", reasoning: "r", handbook });
  const { use_id } = await call(client, "retrieve_behaviors", { task, handbook });
  const { trace_id } = await call(client, "record_trace", {
    task,
    reasoning: `by ${word}`,
    use_id,
    handbook,
  });
  const { reflection_id } = await call(client, "reflect_and_extract", { trace_ids: [trace_id], handbook });
  await call(client, "submit_reflection", {
    reflection_id,
    reflection: `about ${word}`,
    behaviors: [
      {
        name: `behavior_${word}`,
        instruction: `Pair the records of ${word} by their unique key before comparing any amounts.`,
        when: `Two exports of ${word} are to be reconciled`,
        keywords: [word],
      },
    ],
  });
  const again = await call(client, "record_trace", { task: `${task} again`, reasoning: "r2", handbook });
  const open = await call(client, "reflect_and_extract", { trace_ids: [again.trace_id], handbook });
  return {
    use_id: String(use_id),
    trace_id: String(trace_id),
    reflection_id: String(open.reflection_id),
    again: String(again.trace_id),
  };
}

/** Two handbooks, the ids of each, and a key for each. */
async function startBoth(served: Served) {
  const all = await served.key(EVERYTHING, { name: "operator" });
  const ids = { a: await fill(served, all, "yard", "zeppelin"), b: await fill(served, all, B, SECRET) };
  const scopes = ["yard"];
  const key = await served.key({ read: scopes, write: scopes, curate: scopes }, { name: "only yard" });
  return { all, key, ids };
}

const UNKNOWN_ID = "01JAAAAAAAAAAAAAAAAAAAAAAA";

describe("a key for one handbook", () => {
  test("learns nothing of another one: not by any tool, resource, prompt or completion", async () => {
    await using served = await startService();
    const { key, ids } = await startBoth(served);
    const forbidden = [SECRET, B, ...Object.values(ids.b)];
    const seen: string[] = [];
    const asked = new Set<string>();
    const ask = async (name: string, work: () => Promise<unknown>, given: object = {}) => {
      asked.add(name);
      const answer = await work().then(
        (found) => JSON.stringify(found),
        (error: unknown) => `${error} ${JSON.stringify(error)}`,
      );
      // What the caller wrote may come back to it.
      const own = new Set(JSON.stringify(given).match(/[\w-]+/g) ?? []);
      for (const word of forbidden)
        if (!own.has(word) && !own.has(`behavior_${word}`))
          expect(answer, `${name} ${JSON.stringify(given)}`).not.toContain(word);
      seen.push(answer);
      return answer;
    };

    for (const client of [await served.client(key), await oldClient(served.url, key)]) {
      const tool = (name: string, input: Record<string, unknown>) =>
        ask(name, () => (client as Client).callTool({ name, arguments: input }), input);

      for (const handbook of [undefined, B, "no-such-one", "yard"]) {
        const where = handbook === undefined ? {} : { handbook };
        await tool("retrieve_behaviors", { task: "Reconcile the ledger with its invoices", ...where });
        await tool("retrieve_behaviors", { task: "Reconcile", topic: "x", ...where });
        await tool("handbook_report", { ...where });
        await tool("record_trace", { task: "t", reasoning: "r", ...where });
        await tool("reflect_and_extract", { by: "agent", ...where });
        await tool("edit_behavior", { name: "behavior_unknown", action: "retire", reason: "r", ...where });
        await tool("edit_behavior", { name: BEHAVIOR, action: "retire", reason: "r", ...where });
      }
      for (const [id, like] of [
        [ids.b.trace_id, UNKNOWN_ID],
        [ids.b.again, UNKNOWN_ID],
      ] as const) {
        const inputs: [string, (id: string) => Record<string, unknown>][] = [
          ["report_outcome", (trace_id) => ({ trace_id, outcome: "success", evidence: "user" })],
          ["reflect_and_extract", (trace_id) => ({ trace_ids: [trace_id] })],
          ["reflect_and_extract", (trace_id) => ({ trace_ids: [trace_id, ids.a.trace_id] })],
          ["self_improve", (trace_id) => ({ trace_ids: [trace_id] })],
          ["self_improve", (trace_id) => ({ trace_ids: [ids.a.trace_id, trace_id] })],
          ["record_trace", (improves) => ({ task: "t2", reasoning: "r", improves })],
        ];
        for (const [name, input] of inputs) {
          const of = (await tool(name, input(id))).replaceAll(id, "ID");
          expect(of, name).toBe((await tool(name, input(like))).replaceAll(like, "ID"));
          expect(of).toMatch(/UNKNOWN_TRACE/);
        }
      }
      const uses: [string, (id: string) => Record<string, unknown>][] = [
        ["report_outcome", (use_id) => ({ use_id, outcome: "success", evidence: "user" })],
        ["record_trace", (use_id) => ({ task: "t3", reasoning: "r", use_id })],
        ["record_trace", (use_id) => ({ task: "t3", reasoning: "r", use_id, handbook: B })],
        ["retrieve_behaviors", (use_id) => ({ task: "t3", use_id })],
      ];
      for (const [name, input] of uses) {
        const of = (await tool(name, input(ids.b.use_id))).replaceAll(ids.b.use_id, "ID");
        expect(of, name).toBe((await tool(name, input(UNKNOWN_ID))).replaceAll(UNKNOWN_ID, "ID"));
        expect(of).toMatch(/UNKNOWN_USE/);
      }
      const submit = (reflection_id: string) => ({ reflection_id, reflection: "r", behaviors: [] });
      const of = await tool("submit_reflection", submit(ids.b.reflection_id));
      expect(of.replaceAll(ids.b.reflection_id, "ID")).toBe(
        (await tool("submit_reflection", submit(UNKNOWN_ID))).replaceAll(UNKNOWN_ID, "ID"),
      );
      // What is refused is refused in the same words, whether the handbook exists or not.
      for (const [name, rest] of [
        ["record_trace", { task: "t", reasoning: "r" }],
        ["retrieve_behaviors", { task: "t" }],
        ["handbook_report", {}],
        ["edit_behavior", { name: BEHAVIOR, action: "retire", reason: "r" }],
        ["reflect_and_extract", {}],
      ] as const) {
        const [there, not] = [
          await tool(name, { ...rest, handbook: B }),
          await tool(name, { ...rest, handbook: "no-such-one" }),
        ];
        expect(there.replaceAll(B, "X"), name).toBe(not.replaceAll("no-such-one", "X"));
      }

      const any = client as Client;
      const list = await ask("resources/list", () => any.listResources());
      expect(list).toContain("handbook://yard");
      for (const uri of [
        `handbook://${B}`,
        `skill://${B}/SKILL.md`,
        `behavior://${B}/${BEHAVIOR}`,
        `trace://${ids.b.trace_id}`,
      ]) {
        const given = { uri };
        const answer = await ask("resources/read", () => any.readResource({ uri }), given);
        const like = uri.replace(B, "no-such-one").replace(ids.b.trace_id, UNKNOWN_ID);
        const other = await ask("resources/read", () => any.readResource({ uri: like }), { uri: like });
        expect(answer.replaceAll(uri, "URI")).toBe(other.replaceAll(like, "URI"));
      }
      for (const uri of [
        "handbook://yard",
        "skill://yard/SKILL.md",
        `behavior://yard/behavior_zeppelin`,
        `trace://${ids.a.trace_id}`,
      ])
        expect(await ask("resources/read", () => any.readResource({ uri }), { uri })).toContain("zeppelin");
      await ask("resources/templates/list", () => any.listResourceTemplates());
      await ask("tools/list", () => any.listTools());
      expect(
        await ask("skills/list", () => any.request({ method: "skills/list", params: {} }, z.looseObject({}))),
      ).toContain("skill://yard/SKILL.md");
      await ask("prompts/list", () => any.listPrompts());

      await ask("solve_with_behaviors", () =>
        any.getPrompt({ name: "solve_with_behaviors", arguments: { task: "Reconcile the ledger" } }),
      );
      for (const name of ["reflect_on_trace", "improve_attempt"]) {
        const prompt = (trace_id: string) => () => any.getPrompt({ name, arguments: { trace_id } });
        const of = await ask(name, prompt(ids.b.trace_id), { trace_id: ids.b.trace_id });
        expect(of.replaceAll(ids.b.trace_id, "ID")).toBe(
          (await ask(name, prompt(UNKNOWN_ID))).replaceAll(UNKNOWN_ID, "ID"),
        );
      }
      const complete = (
        ref: Parameters<typeof any.complete>[0]["ref"],
        name: string,
        args: Record<string, string> = {},
      ) =>
        ask(
          `completion ${JSON.stringify(ref)} ${name}`,
          () => any.complete({ ref, argument: { name, value: "" }, context: { arguments: args } }),
          args,
        );
      const behavior = { type: "ref/resource" as const, uri: "behavior://{handbook}/{name}" };
      expect(await complete({ type: "ref/resource", uri: "handbook://{handbook}" }, "handbook")).toContain(
        "yard",
      );
      await complete(behavior, "handbook");
      expect(await complete(behavior, "name", { handbook: B })).toMatch(/"values":\[\]/);
      expect(await complete(behavior, "name", { handbook: "yard" })).toContain("behavior_zeppelin");
      await complete(behavior, "name");
      expect(await complete({ type: "ref/resource", uri: "trace://{id}" }, "id")).toContain(ids.a.trace_id);
      for (const name of ["reflect_on_trace", "improve_attempt"])
        expect(await complete({ type: "ref/prompt", name }, "trace_id")).toContain(ids.a.trace_id);
      await client.close();
    }
    for (const { name } of TOOLS) expect(asked).toContain(name);
    expect(seen.length).toBeGreaterThan(150);
    // Nothing of it was changed either.
    const { ledger } = await served.app.ports();
    expect(await ledger.behavior({ handbook: B, name: BEHAVIOR })).toMatchObject({ revision: 1 });
    expect((await ledger.counts(B)).traces).toEqual({ success: 0, failure: 0, unknown: 3 });
    expect(await ledger.handbook("no-such-one")).toBeUndefined();
  });

  test("reads no names of another one in a report of its own, though the two were used together", async () => {
    await using served = await startService({
      HANDBOOK_READ: `yard,${B}`,
      HANDBOOK_HOLDOUT: "0.5",
      HANDBOOK_WITHHOLD: "0.5",
    });
    const { all, key } = await startBoth(served);
    const client = await served.client(all);
    for (let n = 0; n < 30; n++) {
      const task = `Reconcile the exports of ${SECRET} number ${n}`;
      const { use_id } = await call(client, "retrieve_behaviors", { task });
      await call(client, "record_trace", {
        task,
        reasoning: `used ${BEHAVIOR} ${n}`,
        use_id,
        output_tokens: 9,
      });
    }
    const ports = await served.app.ports();
    ports.now = () => new Date(Date.now() + 2 * 86_400_000); // an agent is told of no younger task
    const open = await call(client, "handbook_report", { handbook: "yard" });
    expect(JSON.stringify(open)).toContain(SECRET);
    const limited = await call(await served.client(key), "handbook_report", {});
    expect(limited).toMatchObject({ handbook: "yard" });
    expect(JSON.stringify(limited)).not.toContain(SECRET);
    const pages = ports.ledger.episodes("yard", { until: ports.now().toISOString() });
    const found: unknown[] = [];
    for await (const page of pages) found.push(page);
    expect(JSON.stringify(found)).toContain(SECRET);
  });

  test("reads what it may read and writes to the first it may write to, where it names none", async () => {
    await using served = await startService();
    const key = await served.key({ read: ["me", "team"], write: ["me"] });
    const team = await served.key({ read: ["team"], write: ["team"] });
    const text = {
      reflection: "r",
      behaviors: [
        {
          name: "behavior_weigh",
          instruction: "Weigh every crate twice before it is loaded.",
          when: "crates are loaded",
        },
      ],
    };
    const teamClient = await served.client(team);
    const { trace_id } = await call(teamClient, "record_trace", { task: "load the crates", reasoning: "r" });
    const { reflection_id } = await call(teamClient, "reflect_and_extract", { trace_ids: [trace_id] });
    await call(teamClient, "submit_reflection", { reflection_id, ...text });

    const client = await served.client(key);
    const { use_id, behaviors } = await call(client, "retrieve_behaviors", { task: "load the crates" });
    expect(behaviors).toMatchObject([{ name: "behavior_weigh", handbook: "team" }]);
    const recorded = await call(client, "record_trace", {
      task: "load the crates",
      reasoning: "behavior_weigh helped",
      use_id,
    });
    expect(recorded).toMatchObject({ cited: ["behavior_weigh"] });
    const { ledger } = await served.app.ports();
    expect(await ledger.traces([String(recorded.trace_id)])).toMatchObject([{ handbook: "me" }]);
    await expect(
      call(client, "record_trace", { task: "t", reasoning: "r", handbook: "team" }),
    ).rejects.toThrow(/FORBIDDEN.*write.*"team"/);
  });
});

test("what others solved with a starter is not found out by searching for their words", async () => {
  await using served = await startService({ HANDBOOK_STARTERS: "on" });
  const [a, b] = [
    await served.client(await served.key({ read: ["yard"], write: ["yard"] })),
    await served.client(await served.key({ read: [B], write: [B] })),
  ];
  const probe = async (client: Client) =>
    (await call(client, "retrieve_behaviors", { task: `${SECRET} merger` })).behaviors;
  const before = await probe(a);
  const task = `Find the remainder of a power modulo 7 for the ${SECRET} merger`;
  const { use_id, behaviors } = await call(b, "retrieve_behaviors", { task });
  const names = JSON.stringify(behaviors).match(/behavior_\w+/g) ?? [];
  const settled = { outcome: "success", evidence: "test" };
  const recorded = { task, reasoning: `used ${names.join(", ")}`, use_id, ...settled };
  expect((await call(b, "record_trace", recorded)).cited).not.toEqual([]);
  expect(await probe(a)).toEqual(before);
  // Who may read everything profits from it.
  const all = await served.client(await served.key(EVERYTHING));
  expect(await probe(all)).not.toEqual(before);
});

test("a starter is read by every key, and what others did with it by none", async () => {
  await using served = await startService({ HANDBOOK_STARTERS: "on" });
  const all = await served.client(await served.key(EVERYTHING));
  const client = await served.client(await served.key({ read: ["yard"], write: ["yard"] }));
  const handbook = "starter-mathematics";
  const { trace_id } = await call(all, "record_trace", { task: SECRET, reasoning: "r", handbook });
  await expect(client.readResource({ uri: `trace://${trace_id}` })).rejects.toThrow(/not found/);
  const ref = { type: "ref/resource" as const, uri: "trace://{id}" };
  const { completion } = await client.complete({ ref, argument: { name: "id", value: "" } });
  expect(completion.values).toEqual([]);
  await expect(call(client, "handbook_report", { handbook })).rejects.toThrow(/FORBIDDEN.*read.*starter/);
  const task = "Find the remainder of a power modulo 7";
  const { use_id, behaviors } = await call(client, "retrieve_behaviors", { task, handbook });
  expect(behaviors).not.toEqual([]);
  expect(await call(client, "retrieve_behaviors", { task, use_id })).toMatchObject({ behaviors });
  const { contents } = await client.readResource({ uri: `handbook://${handbook}` });
  expect(contents).toHaveLength(1);
});

test("each tool takes its scope, and says by HTTP which one is missing", async () => {
  await using served = await startService();
  const inputs: Record<string, object> = {
    retrieve_behaviors: { task: "t" },
    handbook_report: {},
    record_trace: { task: "t", reasoning: "r" },
    report_outcome: { trace_id: UNKNOWN_ID, outcome: "success", evidence: "user" },
    reflect_and_extract: {},
    submit_reflection: { reflection_id: "x", reflection: "r", behaviors: [] },
    self_improve: { trace_ids: [UNKNOWN_ID] },
    edit_behavior: { name: "behavior_x", action: "retire", reason: "r" },
  };
  const wanted = { read: 2, write: 5, curate: 1, admin: 0 };
  for (const scope of ["read", "write", "curate", "admin"] as const) {
    const key = await served.key({ [scope]: ["*"] });
    let may = 0;
    for (const { name, scope: takes } of TOOLS) {
      const answer = await post(served.url, toolCall(name, inputs[name] ?? {}), bearer(key));
      const body = await answer.text();
      if (takes === scope) {
        expect(answer.status, name).toBe(200);
        expect(body).not.toContain("FORBIDDEN");
        may++;
      } else {
        expect(answer.status, name).toBe(403);
        expect(answer.headers.get("www-authenticate")).toMatch(
          new RegExp(`^Bearer .*error="insufficient_scope".*scope="handbook:${takes}"`),
        );
      }
    }
    expect(may, scope).toBe(wanted[scope]);
  }
});

test("what is written bears the name of its key", async () => {
  await using served = await startService();
  const key = await served.key(EVERYTHING, { name: "ci" });
  const client = await served.client(key);
  const { trace_id } = await call(client, "record_trace", { task: "t", reasoning: "r" });
  const { reflection_id } = await call(client, "reflect_and_extract", { trace_ids: [trace_id] });
  const behaviors = [
    { name: "behavior_sign", instruction: "Sign every delivery note that you accept.", when: "w" },
  ];
  await call(client, "submit_reflection", { reflection_id, reflection: "r", behaviors });
  await call(client, "edit_behavior", { name: "behavior_sign", action: "retire", reason: "r" });
  await call(client, "report_outcome", { trace_id, outcome: "success", evidence: "user" });
  await call(client, "record_trace", { task: "t", reasoning: "r", outcome: "failure", evidence: "test" });
  const { ledger } = await served.app.ports();
  expect(await ledger.traces([String(trace_id)])).toMatchObject([{ agent: "ci (Cursor 1.2)" }]);
  const revisions = await ledger.revisions({ handbook: "default", name: "behavior_sign" });
  expect(revisions.map(({ provenance }) => provenance.agent)).toEqual(["ci (Cursor 1.2)", "ci (Cursor 1.2)"]);
  const reports = await ledger.outcomeReports({ trace_id: String(trace_id) });
  expect(reports).toMatchObject([{ agent: "ci (Cursor 1.2)" }, { agent: "ci (Cursor 1.2)" }]);
  const old = await oldClient(served.url, key);
  const recorded = await call(old as unknown as Client, "record_trace", { task: "t", reasoning: "old" });
  expect(await ledger.traces([String(recorded.trace_id)])).toMatchObject([{ agent: "ci" }]);
  await old.close();
});

test("a reflection is by whoever submits it, not by whoever asked for it", async () => {
  await using served = await startService();
  const asks = await served.client(await served.key(EVERYTHING, { name: "asks" }));
  const submits = await served.client(await served.key(EVERYTHING, { name: "submits" }));
  const { trace_id } = await call(asks, "record_trace", { task: "t", reasoning: "r" });
  const { reflection_id } = await call(asks, "reflect_and_extract", { trace_ids: [trace_id] });
  const behaviors = [{ name: "behavior_sign", instruction: "Sign every delivery note that you accept." }];
  await call(submits, "submit_reflection", { reflection_id, reflection: "r", behaviors });
  const { ledger } = await served.app.ports();
  const agent = "submits (Cursor 1.2)";
  expect(await ledger.behavior({ handbook: "default", name: "behavior_sign" })).toMatchObject({
    provenance: { agent },
  });
  expect(await ledger.reflection(String(reflection_id))).toMatchObject({ agent });
});
