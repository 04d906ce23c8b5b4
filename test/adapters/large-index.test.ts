import { expect, test } from "vitest";
import { synthetic } from "../../bench/data.ts";
import { lanceTexts } from "../../src/adapters/lance-texts.ts";
import { largeIndex } from "../../src/adapters/large-index.ts";
import { memoryIndex } from "../../src/adapters/memory-index.ts";
import { edit } from "../../src/lifecycle/edit.ts";
import { loadHandbook } from "../../src/lifecycle/load.ts";
import { lexicalRules } from "../../src/rules/lexical.ts";
import { type TestPorts, testPorts } from "../ports.ts";

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

test("candidates of full text, ranked by the recipe, come out as the whole index would rank them", async () => {
  await using ports = await testPorts();
  const { texts, large } = await opened(ports);
  const whole = memoryIndex(ports.ledger, lexicalRules);
  let same = 0;
  for (let round = 0; round < 40; round++) {
    const search = { text: made.task(), handbooks: ["default"], limit: 5 };
    const [expected, found] = [await whole.search(search), await large.search(search)];
    expect(found.sources).toEqual(["lexical"]);
    if (found.hits[0]?.name === expected.hits[0]?.name) same++;
  }
  expect(same).toBeGreaterThanOrEqual(38);
  await texts.close();
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

test("another handbook's behaviors are not found, and a topic is answered whole", async () => {
  await using ports = await testPorts();
  const { texts, large } = await opened(ports);
  expect((await large.search({ text: made.task(), handbooks: ["other"], limit: 5 })).hits).toEqual([]);
  const topic = made.handbook.behaviors[0]?.topic;
  const { hits } = await large.search({ text: "qqqq", handbooks: ["default"], topic, limit: 200 });
  const all = made.handbook.behaviors.filter((behavior) => behavior.topic === topic);
  expect(hits).toHaveLength(Math.min(200, all.length));
  await texts.close();
});
