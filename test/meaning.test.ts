import { expect, test } from "vitest";
import { loadHandbook } from "../src/lifecycle/load.ts";
import { call, connectInProcess } from "./clients.ts";
import { startEmbeddingServer } from "./embedding-server.ts";

// One direction for each meaning, whatever the words: what a model does, told by hand.
const MEANINGS = [/car|vehicle|wagen|automobile/i, /bread|loaf|bake|oven/i, /boat|ship|sail/i];

function vectors(texts: string[]) {
  return texts.map((text, index) => ({
    index,
    embedding: [...MEANINGS.map((meaning) => (meaning.test(text) ? 1 : 0)), 0.1],
  }));
}

function embedderAt(baseUrl: string) {
  return {
    HANDBOOK_EMBEDDER: "openai",
    HANDBOOK_EMBEDDER_MODEL: "told-by-hand",
    HANDBOOK_EMBEDDER_URL: baseUrl,
  };
}

const BEHAVIORS = [
  {
    name: "behavior_start_the_car",
    instruction: "Check the battery before you call for help.",
    when: "The car is silent",
  },
  {
    name: "behavior_knead_the_loaf",
    instruction: "Knead until the dough springs back.",
    when: "A loaf stays flat",
  },
  {
    name: "behavior_reef_the_sail",
    instruction: "Reef before you think that you must.",
    when: "Wind rises at sea",
  },
].map((behavior) => ({ ...behavior, keywords: [], status: "active" as const }));

async function loaded(environment: Record<string, string>) {
  const connected = await connectInProcess(environment);
  const ports = await connected.app.ports();
  await loadHandbook(ports, { handbook: "default", behaviors: BEHAVIORS }, "import");
  return { connected, ports };
}

async function followed({ ports }: Awaited<ReturnType<typeof loaded>>) {
  const head = await ports.ledger.headSeq();
  await expect.poll(() => ports.vectors?.progress().seq, { timeout: 10_000 }).toBe(head);
}

test("a task in wholly other words is found by its meaning, and the answer says so", async () => {
  await using endpoint = await startEmbeddingServer([], vectors);
  const open = await loaded({ ...embedderAt(endpoint.baseUrl), HANDBOOK_EMBEDDER_WAIT_MS: "5000" });
  await using connected = open.connected;
  await followed(open);
  const { behaviors, sources } = await call(connected.client, "retrieve_behaviors", {
    task: "Mein Wagen springt nicht an",
  });
  expect(sources).toEqual(["lexical", "vectors"]);
  expect(behaviors).toMatchObject([{ name: "behavior_start_the_car" }]);
  const foreign = await call(connected.client, "retrieve_behaviors", { task: "Zitronen schneiden" });
  expect(foreign.behaviors).toEqual([]);
});

test.each([
  ["is silent", () => {}],
  ["refuses", 401],
])("an embedder that %s costs the meaning, not the answer", async (_, reply) => {
  await using endpoint = await startEmbeddingServer(Array.from({ length: 50 }, () => reply as number));
  const { connected } = await loaded(embedderAt(endpoint.baseUrl));
  await using open = connected;
  const answer = await call(open.client, "retrieve_behaviors", { task: "The car is silent" });
  expect(answer).toMatchObject({ sources: ["lexical"], behaviors: [{ name: "behavior_start_the_car" }] });
});
