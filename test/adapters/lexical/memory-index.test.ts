import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryIndex } from "../../../src/adapters/lexical/memory-index.ts";
import type { BehaviorChanges, IndexDocument } from "../../../src/ports.ts";
import { lexicalRules } from "../../../src/rules/lexical.ts";

function document(name: string, fields: Partial<IndexDocument> = {}): IndexDocument {
  return {
    handbook: "default",
    name: `behavior_${name}`,
    status: "active",
    when: "",
    instruction: name.replaceAll("_", " "),
    keywords: [],
    solved_tasks: [],
    ...fields,
  };
}

/** A ledger's change feed in memory: each `change` is one commit. */
function feed(delayMs = 0) {
  const rows = new Map<string, { seq: number; document: IndexDocument }>();
  let head = 0;
  return {
    change(...documents: IndexDocument[]) {
      for (const d of documents) rows.set(`${d.handbook}/${d.name}`, { seq: ++head, document: d });
    },
    headSeq: async () => head,
    async changedBehaviors(after: number, limit: number): Promise<BehaviorChanges> {
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      const changed = [...rows.values()].filter(({ seq }) => seq > after).sort((a, b) => a.seq - b.seq);
      const page = changed.slice(0, limit);
      return { seq: page.at(-1)?.seq ?? after, documents: page.map(({ document: d }) => d) };
    },
  };
}

type Index = ReturnType<typeof memoryIndex>;
async function found(index: Index, text: string, options: { handbooks?: string[]; topic?: string } = {}) {
  const { hits } = await index.search({ text, handbooks: ["default"], limit: 10, ...options });
  return hits.map(({ name }) => name.replace("behavior_", ""));
}

describe("a behavior is found by", () => {
  test.each([
    ["its name, above all", "polish the lens"],
    ["its situation", "foggy glass"],
    ["its keywords", "optics"],
    ["its instruction", "circular motion"],
    ["its long form", "isopropanol"],
    ["a task it solved", "telescope of the observatory"],
    ["another form of a word", "polishing lenses"],
    ["a camelCase identifier", "polishLens()"],
  ])("%s", async (_, query) => {
    const source = feed();
    source.change(
      document("polish_the_lens", {
        when: "Glass is foggy",
        keywords: ["optics"],
        instruction: "Wipe in circular motions.",
        detail: "Use isopropanol.",
        solved_tasks: ["Clean the telescope of the observatory"],
      }),
      document("tune_the_piano"),
    );
    expect(await found(memoryIndex(source, lexicalRules), query)).toEqual(["polish_the_lens"]);
  });
});

test("what shares nothing with the task is no hit, and an empty task finds nothing", async () => {
  const source = feed();
  source.change(document("polish_the_lens"));
  const index = memoryIndex(source, lexicalRules);
  expect(await found(index, "bake bread")).toEqual([]);
  expect(await found(index, "the of and")).toEqual([]);
  expect(await found(index, "")).toEqual([]);
});

test("changes are followed: new, reworded, retired and restored behaviors", async () => {
  const source = feed();
  source.change(document("alpha"), document("beta"));
  const index = memoryIndex(source, lexicalRules);
  expect(await found(index, "alpha beta gamma")).toHaveLength(2);
  source.change(document("gamma"));
  expect(await found(index, "gamma")).toEqual(["gamma"]);
  source.change(document("alpha", { instruction: "omega" }));
  expect(await found(index, "omega")).toEqual(["alpha"]);
  source.change(document("alpha", { status: "retired" }));
  expect(await found(index, "alpha omega")).toEqual([]);
  source.change(document("alpha", { status: "probation" }));
  expect(await found(index, "alpha")).toEqual(["alpha"]);
  expect(index.progress()).toEqual({ seq: await source.headSeq(), behaviors: 3 });
});

test("a handbook that is not searched does not change a score", async () => {
  const source = feed();
  source.change(document("alpha_one"), document("beta_two"));
  const index = memoryIndex(source, lexicalRules);
  const search = () => index.search({ text: "alpha two", handbooks: ["default"], limit: 5 });
  const alone = await search();
  source.change(...Array.from({ length: 50 }, (_, i) => document(`alpha_${i}`, { handbook: "secret" })));
  expect(await search()).toEqual(alone);
  const both = await index.search({ text: "alpha two", handbooks: ["default", "secret"], limit: 100 });
  expect(both.hits).toHaveLength(52);
});

test("where others' tasks are not to be known, a handbook is searched as if it had none", async () => {
  const [with_, without] = [feed(), feed()];
  const of = (source: typeof with_, solved_tasks: string[]) =>
    source.change(
      document("alpha_one", { handbook: "shared", solved_tasks, topic: "t" }),
      document("beta_two", { handbook: "shared", topic: "t" }),
      document("alpha_three", { solved_tasks: ["own gamma"] }),
    );
  of(with_, ["alpha gamma", "delta", "delta epsilon"]);
  of(without, []);
  const handbooks = ["default", "shared"];
  for (const text of ["alpha two", "gamma", "delta", "one epsilon gamma"])
    for (const topic of [undefined, "t"]) {
      const search = { text, handbooks, topic, limit: 5 };
      const byOwnText = ["shared"];
      const found = await memoryIndex(with_, lexicalRules).search({ ...search, byOwnText });
      expect(found).toEqual(await memoryIndex(without, lexicalRules).search(search));
    }
});

test("a topic is answered whole, in the order of relevance, whatever its case", async () => {
  const source = feed();
  source.change(
    document("alpha", { topic: "Algebra" }),
    document("beta", { topic: "algebra" }),
    document("gamma"),
  );
  const index = memoryIndex(source, lexicalRules);
  expect(await found(index, "beta", { topic: "ALGEBRA" })).toEqual(["beta", "alpha"]);
  expect(await found(index, "nothing alike", { topic: "algebra" })).toEqual(["alpha", "beta"]);
  source.change(document("gamma", { topic: "algebra", solved_tasks: ["one", "two", "three"] }));
  const search = { text: "beta", handbooks: ["default"], topic: "algebra", limit: 10 };
  expect((await index.search(search)).hits.filter(({ fit }) => fit > 0)).toHaveLength(1);
});

test("fit is between 0 and 1, and ties go by name", async () => {
  const source = feed();
  source.change(document("b", { instruction: "same words" }), document("a", { instruction: "same words" }));
  const index = memoryIndex(source, lexicalRules);
  const { hits } = await index.search({ text: "same words", handbooks: ["default"], limit: 5 });
  expect(hits.map(({ name }) => name)).toEqual(["behavior_a", "behavior_b"]);
  for (const { fit } of hits) expect(fit > 0 && fit <= 1).toBe(true);
});

test("while it builds, a search answers after a second from what there is and says so", async () => {
  const source = feed(700);
  source.change(...Array.from({ length: 300 }, (_, i) => document(`thing_${i}`)));
  const index = memoryIndex(source, lexicalRules);
  const early = await index.search({ text: "thing", handbooks: ["default"], limit: 2000 });
  expect(early.sources).toEqual(["lexical", "partial"]);
  expect(early.hits).toHaveLength(100);
  await index.warm();
  const later = await index.search({ text: "thing", handbooks: ["default"], limit: 2000 });
  expect(later).toMatchObject({ sources: ["lexical"], hits: { length: 300 } });
});

test("a counter that is ahead of every row, after a repair by hand, hangs nobody", async () => {
  const source = feed();
  source.change(document("alpha"));
  const index = memoryIndex({ ...source, headSeq: async () => 99 }, lexicalRules);
  expect(await found(index, "alpha")).toEqual(["alpha"]);
  expect(await found(index, "alpha")).toEqual(["alpha"]);
});

test("a build that fails is reported and tried again", async () => {
  const source = feed();
  source.change(document("alpha"));
  let broken = true;
  const index = memoryIndex(
    {
      headSeq: source.headSeq,
      changedBehaviors: async (after, limit) => {
        if (broken) throw new Error("disk on fire");
        return source.changedBehaviors(after, limit);
      },
    },
    lexicalRules,
  );
  await expect(found(index, "alpha")).rejects.toThrow("disk on fire");
  broken = false;
  expect(await found(index, "alpha")).toEqual(["alpha"]);
});

test("however it came to hold what it holds, it answers like one built afresh", async () => {
  const words = ["red", "green", "blue", "stone", "river", "cloud", "lamp"];
  const change = fc.record({
    name: fc.constantFrom("one", "two", "three", "four"),
    when: fc.array(fc.constantFrom(...words), { maxLength: 4 }).map((list) => list.join(" ")),
    instruction: fc
      .array(fc.constantFrom(...words), { minLength: 1, maxLength: 8 })
      .map((list) => list.join(" ")),
    solved_tasks: fc.array(fc.constantFrom(...words), { maxLength: 3 }),
    status: fc.constantFrom("active" as const, "active" as const, "retired" as const),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 30 }), fc.nat(6), async (changes, w) => {
      const source = feed();
      const grown = memoryIndex(source, lexicalRules);
      for (const { name, ...fields } of changes) {
        source.change(document(name, fields));
        await grown.search({ text: "red", handbooks: ["default"], limit: 1 });
      }
      const query = { text: `${words[w]} stone lamp`, handbooks: ["default"], limit: 10 };
      const rounded = async (index: Index) =>
        (await index.search(query)).hits.map(({ name, score }) => [name, score.toFixed(9)]);
      expect(await rounded(grown)).toEqual(await rounded(memoryIndex(source, lexicalRules)));
    }),
    { numRuns: 60 },
  );
});

test("it packs itself when most of it is dead, and still answers right", async () => {
  const source = feed();
  const index = memoryIndex(source, lexicalRules);
  for (let round = 0; round < 4; round++) {
    source.change(
      ...Array.from({ length: 600 }, (_, i) => document(`thing_${i}`, { instruction: `round ${round}x` })),
    );
    await index.warm();
    await found(index, "thing");
  }
  const { hits } = await index.search({ text: "3x", handbooks: ["default"], limit: 1000 });
  expect(hits).toHaveLength(600);
  expect(await found(index, "0x 1x 2x")).toEqual([]);
});
