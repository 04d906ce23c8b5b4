import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { synthetic } from "../../../bench/data.ts";
import { lanceTexts } from "../../../src/adapters/lance/lance-texts.ts";
import { largeIndex } from "../../../src/adapters/lexical/large-index.ts";
import { memoryIndex } from "../../../src/adapters/lexical/memory-index.ts";
import { edit } from "../../../src/lifecycle/edit.ts";
import { loadHandbook } from "../../../src/lifecycle/load.ts";
import type { BehaviorKey } from "../../../src/model/behavior.ts";
import type { Search } from "../../../src/ports.ts";
import { lexicalRules } from "../../../src/rules/lexical.ts";
import { put } from "../../lance.ts";
import { type TestPorts, testPorts } from "../../ports.ts";

const COUNT = 1500;
const made = synthetic(COUNT, 7);

async function opened(ports: TestPorts) {
  await loadHandbook(ports, made.handbook, "import");
  const texts = lanceTexts({
    ledger: ports.ledger,
    home: ports.path,
    uri: `${ports.path}/index`,
    waitMs: 5000,
  });
  await texts.rebuild(() => {});
  return { texts, large: largeIndex(ports.ledger, lexicalRules, texts) };
}

describe("of a handbook that nobody changes,", () => {
  let ports: TestPorts;
  let texts: Awaited<ReturnType<typeof opened>>["texts"];
  let large: Awaited<ReturnType<typeof opened>>["large"];
  beforeAll(async () => {
    ports = await testPorts();
    ({ texts, large } = await opened(ports));
  });
  afterAll(async () => {
    await texts.close();
    await ports[Symbol.asyncDispose]();
  });

  test("candidates of full text, ranked by the recipe, come out as the whole index would rank them", async () => {
    const whole = memoryIndex(ports.ledger, lexicalRules);
    let same = 0;
    for (let round = 0; round < 40; round++) {
      const search = { text: made.task(), handbooks: ["default"], limit: 5 };
      const [expected, found] = [await whole.search(search), await large.search(search)];
      expect(found.sources).toEqual(["lexical"]);
      if (found.hits[0]?.name === expected.hits[0]?.name) same++;
    }
    expect(same).toBeGreaterThanOrEqual(38);
  });

  test("another handbook's behaviors are not found, and a topic is answered whole", async () => {
    expect((await large.search({ text: made.task(), handbooks: ["other"], limit: 5 })).hits).toEqual([]);
    const topic = made.handbook.behaviors[0]?.topic;
    const { hits } = await large.search({ text: "qqqq", handbooks: ["default"], topic, limit: 200 });
    const all = made.handbook.behaviors.filter((behavior) => behavior.topic === topic);
    expect(hits).toHaveLength(Math.min(200, all.length));
  });
});

test("what was added, reworded or retired is so at the next search, before full text knows", async () => {
  await using ports = await testPorts();
  const { texts, large } = await opened(ports);
  const find = async (text: string) =>
    (await large.search({ text, handbooks: ["default"], limit: 3 })).hits.map(({ name }) => name);
  const [one, two] = made.handbook.behaviors;
  if (one === undefined || two === undefined) throw new Error("unreachable: there are many");
  expect(await find(two.instruction)).toContain(two.name);
  await edit(ports, {
    name: one.name,
    action: "revise",
    reason: "a test",
    instruction: "Zymurgy wants clean kettles.",
  });
  await edit(ports, { name: two.name, action: "retire", reason: "a test" });
  expect(await find("zymurgy kettles")).toEqual([one.name]);
  expect(await find(two.instruction)).not.toContain(two.name);
  expect(await find("zymurgy")).toEqual([one.name]);
  await texts.close();
});

/** Full text that stands still, and what it was asked. */
function standstill(seq: number, found: BehaviorKey[] = [], meanwhile = async () => {}) {
  const asked: string[] = [];
  const texts = {
    asked,
    at: seq,
    async candidates({ text }: Search) {
      asked.push(text);
      await meanwhile();
      return found;
    },
    progress: () => ({ seq: texts.at }),
  };
  return texts;
}

test("of a behavior that changes while full text stands still only the newest reading is found, and once", async () => {
  await using ports = await testPorts();
  const { ledger } = ports;
  for (let i = 0; i < 20; i++) await put(ledger, `behavior_n${i}`, { instruction: "Water the garden." });
  const texts = standstill(await ledger.headSeq(), [{ handbook: "default", name: "behavior_hot" }]);
  const large = largeIndex(ledger, lexicalRules, texts);
  const search = async () => {
    const { hits } = await large.search({
      text: "restart the replica",
      handbooks: ["default"],
      limit: 10,
    });
    return hits.map(({ name }) => name);
  };
  for (let i = 0; i < 3; i++) {
    await put(ledger, "behavior_hot", { instruction: `Restart the replica ${i} times.` });
    expect(await search()).toEqual(["behavior_hot"]);
  }
  await put(ledger, "behavior_other", { instruction: "Restart the replica gently." });
  for (const found of await Promise.all([search(), search(), search()]))
    expect(found.sort()).toEqual(["behavior_hot", "behavior_other"]);
  await put(ledger, "behavior_hot", { instruction: "Rest." });
  expect(await search()).toEqual(["behavior_other"]);
  await put(ledger, "behavior_other", { instruction: "Restart the replica.", status: "retired" });
  expect(await search()).toEqual([]);
});

test("what full text takes up after it was asked is found all the same", async () => {
  await using ports = await testPorts();
  const { ledger } = ports;
  await put(ledger, "behavior_a", { instruction: "Restart the replica." });
  const texts = standstill(0, [], async () => {
    texts.at = await ledger.headSeq();
  });
  const large = largeIndex(ledger, lexicalRules, texts);
  const { hits } = await large.search({ text: "restart the replica", handbooks: ["default"], limit: 10 });
  expect(hits.map(({ name }) => name)).toEqual(["behavior_a"]);
});

test("the question comes before the log that is pasted with it, and its rare words first", async () => {
  await using ports = await testPorts();
  for (let i = 0; i < 20; i++)
    await put(ports.ledger, `behavior_n${i}`, { instruction: "Restart the server." });
  const texts = standstill(await ports.ledger.headSeq());
  const large = largeIndex(ports.ledger, lexicalRules, texts);
  const log = Array.from(
    { length: 200 },
    (_, i) => `error ${createHash("md5").update(`${i}`).digest("hex")}`,
  );
  const text = `Why does the postgres replica lag when I restart it?\n${log.join("\n")}`;
  await large.search({ text, handbooks: ["default"], limit: 5 });
  const words = texts.asked[0]?.split(" ") ?? [];
  for (const word of ["postgres", "replica", "lag"]) expect(words.slice(0, 5)).toContain(word);
  expect(words.indexOf("restart")).toBeGreaterThan(words.indexOf("replica"));
});
