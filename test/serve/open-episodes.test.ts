import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { expect, test } from "vitest";
import { createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { buildServer } from "../../src/serve/server.ts";
import { call } from "../clients.ts";
import { tempDirectory } from "../ports.ts";

/** A client of a handbook with one behavior for anchors, of which half of the tasks are held out. */
async function anchorage(handbook = "default") {
  const directory = tempDirectory();
  const environment = {
    HANDBOOK_HOME: directory.path,
    HANDBOOK_WRITE: handbook,
    HANDBOOK_STARTERS: "off",
    HANDBOOK_HOLDOUT: "0.5",
  };
  const app = createApp(readConfig(environment));
  const client = new Client({ name: "test", version: "1.0.0" });
  const [near, far] = InMemoryTransport.createLinkedPair();
  await buildServer(app).connect(far);
  await client.connect(near);
  const task = "Slacken the chain of the anchor";
  const learned = await call(client, "record_trace", { task, reasoning: "It was stuck." });
  const { reflection_id } = await call(client, "reflect_and_extract", { trace_ids: [learned.trace_id] });
  const name = "behavior_slacken_first";
  const behaviors = [{ name, instruction: "Slacken the chain of the anchor before you pull." }];
  await call(client, "submit_reflection", { reflection_id, reflection: "r", behaviors });

  const read = async (uri: string) =>
    (await client.readResource({ uri })).contents.map((one) => "text" in one && one.text);
  const own = `behavior://${handbook}/${name}`;
  const ask = async (asked: Record<string, unknown>) => {
    const { use_id, behaviors } = await call(client, "retrieve_behaviors", asked);
    return { use_id: String(use_id), isServed: [...(behaviors ?? [])].length > 0 };
  };
  let tasks = 0;
  /** Asks for new tasks, all of the anchor, until one is held out. */
  const heldOut = async () => {
    for (;;) {
      const task = `Slacken the chain of the anchor, no. ${tasks++}`;
      const { use_id, isServed } = await ask({ task });
      if (!isServed) return { task, use_id };
    }
  };
  return {
    ...{ client, read, own, name, ask, heldOut },
    async [Symbol.asyncDispose]() {
      await client.close();
      await app.close();
      directory[Symbol.dispose]();
    },
  };
}

test("what is withheld from a task is not read by resources either, until its trace is recorded", async () => {
  await using at = await anchorage();
  const { client, read, own, name } = at;
  const { task, use_id } = await at.heldOut();
  for (const uri of ["handbook://default", "skill://default/SKILL.md"])
    expect(await read(uri)).not.toEqual([expect.stringContaining(name)]);
  await expect(read(own)).rejects.toThrow();
  await call(client, "record_trace", { task, reasoning: "Pulled.", use_id });
  // Tasks that were asked on the way and served hide nothing.
  expect(await read("handbook://default")).toEqual([expect.stringContaining(name)]);
  expect(await read(own)).toEqual([expect.stringContaining("Slacken the chain")]);
});

test("a trace of another task, or of none, ends no task, and every open one hides what is withheld from it", async () => {
  await using at = await anchorage();
  const first = await at.heldOut();
  const second = await at.heldOut();
  const isHidden = async () =>
    await at.read(at.own).then(
      () => false,
      () => true,
    );
  await call(at.client, "record_trace", { task: "Another", reasoning: "Without a use." });
  expect(await isHidden()).toBe(true);
  await call(at.client, "record_trace", { ...second, reasoning: "Pulled." });
  expect(await isHidden()).toBe(true);
  await call(at.client, "record_trace", { ...first, reasoning: "Pulled." });
  expect(await isHidden()).toBe(false);
});

test.each(["default", "me"])(
  "asked again in the same words a task of %s that is held out stays so, by the tool and by the prompt",
  async (handbook) => {
    await using at = await anchorage(handbook);
    const { task, use_id } = await at.heldOut();
    for (let i = 0; i < 10; i++) expect(await at.ask({ task })).toMatchObject({ isServed: false });
    expect(await at.ask({ task, handbook })).toMatchObject({ isServed: false });
    for (let i = 0; i < 10; i++) {
      const { messages } = await at.client.getPrompt({ name: "solve_with_behaviors", arguments: { task } });
      expect(JSON.stringify(messages)).not.toContain(at.name);
    }
    await call(at.client, "record_trace", { task, reasoning: "Pulled.", use_id });
    const drawnAnew = async () => {
      const { use_id, isServed } = await at.ask({ task });
      await call(at.client, "record_trace", { task, reasoning: "Pulled again.", use_id });
      return isServed;
    };
    const served: boolean[] = [];
    while (!served.includes(true)) served.push(await drawnAnew());
  },
);
