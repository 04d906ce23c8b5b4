import { Client, InMemoryTransport } from "@modelcontextprotocol/client";
import { expect, test } from "vitest";
import { createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { buildServer } from "../../src/serve/server.ts";
import { call } from "../clients.ts";
import { tempDirectory } from "../ports.ts";

test("what is withheld from a task is not read by resources either, until its trace is recorded", async () => {
  using directory = tempDirectory();
  const environment = { HANDBOOK_HOME: directory.path, HANDBOOK_STARTERS: "off", HANDBOOK_HOLDOUT: "0.5" };
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
  const own = `behavior://default/${name}`;
  let use_id: unknown;
  for (let served = 1; served > 0; ) {
    // Until one is held out.
    const answer = await call(client, "retrieve_behaviors", { task });
    served = [...(answer.behaviors ?? [])].length;
    use_id = answer.use_id;
  }
  expect(await read("handbook://default")).not.toEqual([expect.stringContaining(name)]);
  await expect(read(own)).rejects.toThrow();
  await call(client, "record_trace", { task, reasoning: "Pulled.", use_id });
  expect(await read("handbook://default")).toEqual([expect.stringContaining(name)]);
  expect(await read(own)).toEqual([expect.stringContaining("Slacken the chain")]);
  await client.close();
  await app.close();
});
