import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keptAnswers } from "../../src/adapters/kept-answers.ts";
import { learningJournal } from "../../src/adapters/learning-journal.ts";
import { openaiLlm } from "../../src/adapters/openai-llm.ts";
import { submitReflection } from "../../src/lifecycle/curate.ts";
import { learnFrom } from "../../src/lifecycle/learn.ts";
import { recordTrace } from "../../src/lifecycle/record.ts";
import { openReflection } from "../../src/lifecycle/reflect.ts";
import { solveProblems } from "../../src/lifecycle/solve.ts";
import { paid } from "../../src/lifecycle/spend.ts";
import { learningPlan } from "../../src/rules/learning-plan.ts";
import { type Answer, type ChatRequest, startChatServer } from "../chat-server.ts";
import { tempDirectory, testPorts } from "../ports.ts";
import { canonical, strategist } from "../scripted-strategist.ts";

/** A handbook with traces of tasks, and a model to learn from them with. */
async function learner(traces: number, answers: (asked: ChatRequest) => Answer) {
  const chat = await startChatServer(answers);
  const ports = await testPorts();
  const directory = tempDirectory();
  const file = join(directory.path, "answers.sqlite");
  const recorded = [];
  for (let i = 1; i <= traces; i++) {
    const recording = { task: `task ${i}`, reasoning: "r ".repeat(i), output_tokens: 1000 - i };
    recorded.push((await recordTrace(ports, recording)).trace);
  }
  const planned = recorded.map((trace) => ({ ...trace, tokens: 50 }));
  const llm = openaiLlm({ baseUrl: chat.baseUrl, apiKey: "k", model: "m", retries: 3, timeoutMs: 600 });
  return {
    ports,
    chat,
    recorded,
    plan: learningPlan(planned, [], 6000),
    async with<T>(
      work: (
        llm: ReturnType<ReturnType<typeof keptAnswers>["of"]>,
        run: { journal: ReturnType<typeof learningJournal>; concurrency: number },
      ) => Promise<T>,
    ) {
      using kept = keptAnswers(file);
      using journal = learningJournal(file, "run");
      const made = await work(kept.of(paid(llm, ports.tokenizer, journal)), { journal, concurrency: 4 });
      const spent = journal.spent();
      journal.end();
      return { ...made, spent };
    },
    learn(budget?: number) {
      return this.with((llm, run) => learnFrom(ports, llm, this.plan, { ...run, budget }));
    },
    async [Symbol.asyncDispose]() {
      await ports[Symbol.asyncDispose]();
      await chat[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  };
}

const isExtraction = ({ messages }: ChatRequest) => messages.length > 1;
const about = (task: number) => (asked: ChatRequest) => asked.messages[0]?.content.includes(`task ${task}\n`);

describe("learning with a model", () => {
  test("reflects on all that is planned, and its account is what the endpoint counted", async () => {
    await using it = await learner(5, strategist);
    const learned = await it.learn();
    expect(learned).toMatchObject({ reflections: 5, failed: [], left: 0, gaveUp: false });
    expect(learned.decisions.add).toBeGreaterThan(0);
    expect(learned.kept).toBe((await it.ports.ledger.behaviors("default")).length);
    expect(learned.spent).toEqual({ calls: 10, input_tokens: 70, output_tokens: 30 });
  });

  test("comes to the same end however fast which answer comes, and however many are asked at once", async () => {
    const ends = [];
    for (const [concurrency, delays] of [
      [1, [0]],
      [4, [9, 0, 4]],
      [12, [0, 7, 3, 1]],
    ] as const) {
      let n = 0;
      await using it = await learner(20, (asked) => ({
        text: strategist(asked),
        delayMs: delays[n++ % delays.length] ?? 0,
      }));
      await it.with((llm, run) => learnFrom(it.ports, llm, it.plan, { ...run, concurrency }));
      ends.push(await canonical(it.ports.ledger));
    }
    expect(ends[1]).toEqual(ends[0]);
    expect(ends[2]).toEqual(ends[0]);
    expect(ends[0]?.behaviors.some(({ revision }) => revision > 1)).toBe(true);
  });

  test("again does nothing, and pays nothing", async () => {
    await using it = await learner(3, strategist);
    await it.learn();
    const before = await canonical(it.ports.ledger);
    expect(await it.learn()).toMatchObject({ reflections: 0, spent: { calls: 0 } });
    expect(it.chat.requests).toHaveLength(6);
    expect(await canonical(it.ports.ledger)).toEqual(before);
  });

  test.each<[string, Answer]>([
    ["too many requests", { status: 429 }],
    ["a fault of the server", { status: 500 }],
    ["an answer that breaks off", { cut: "connection" }],
    ["an answer that ends too early", { cut: "json" }],
    ["an endpoint that hangs", { hangs: "before" }],
    ["one that hangs within its answer", { hangs: "within" }],
    ["an empty answer", ""],
  ])("gets over %s", async (_, fault) => {
    let faults = 1;
    await using it = await learner(2, (asked) =>
      isExtraction(asked) && faults-- > 0 ? fault : strategist(asked),
    );
    expect(await it.learn()).toMatchObject({ reflections: 2, failed: [] });
    expect(it.chat.requests).toHaveLength(5);
  });

  test("asks once more for JSON that cannot be read, and says what was wrong with it", async () => {
    await using it = await learner(1, (asked) =>
      asked.messages.length === 3 ? '{"behavior_x": }' : strategist(asked),
    );
    expect(await it.learn()).toMatchObject({ reflections: 1, failed: [], spent: { calls: 3 } });
    expect(it.chat.requests.at(-1)?.messages.at(-1)?.content).toContain("its JSON does not parse");
  });

  test("goes on after a failure, tells it, and makes what is missing the next time", async () => {
    let isSpoilt = true;
    await using it = await learner(4, (asked) =>
      isSpoilt && isExtraction(asked) && about(2)(asked) ? "no JSON, sorry" : strategist(asked),
    );
    const [, second] = it.recorded;
    expect(await it.learn()).toMatchObject({
      reflections: 3,
      failed: [
        { what: `the reflection on ${second?.id}`, reason: expect.stringContaining("no JSON object") },
      ],
      spent: { calls: 9 },
    });
    isSpoilt = false;
    const asked = it.chat.requests.length;
    expect(await it.learn()).toMatchObject({ reflections: 1, failed: [] });
    expect(it.chat.requests.length - asked).toBeLessThanOrEqual(2);
  });

  test.each([
    ["text/html", "<html>Log in</html>"],
    ["application/json", '{"error":{"message":"overloaded"}}'],
    ["application/json", "null"],
  ])("gives up on what answers with %s %s in place of a completion", async (type, body) => {
    await using it = await learner(40, () => ({ foreign: { type, body } }));
    const learned = await it.learn();
    expect(learned).toMatchObject({ reflections: 0, gaveUp: true, spent: { calls: 0 } });
    expect(learned.failed[0]?.reason).toBe("what answers at the model endpoint is no chat model");
    expect(it.chat.requests.length).toBeLessThan(16);
  });

  test("gives up on an endpoint that is down, and says how much it has not begun", async () => {
    await using it = await learner(40, () => 503);
    const learned = await it.learn();
    expect(learned).toMatchObject({ reflections: 0, gaveUp: true });
    expect(learned.failed.length + learned.left).toBe(40);
    expect(learned.left).toBeGreaterThan(30);
  });

  test("a run that was killed goes on with its plan, and with what came since", async () => {
    await using it = await learner(4, strategist);
    const learned = await it.with(async (llm, run) => {
      await run.journal.once("plan", () => JSON.stringify(it.plan.slice(2)));
      return learnFrom(it.ports, llm, it.plan, run);
    });
    expect(learned).toMatchObject({ reflections: 4, left: 0 });
    expect(it.chat.requests[0]?.messages[0]?.content).toContain("task 3\n");
  });

  test("stays within its budget, and goes on from there the next time", async () => {
    await using it = await learner(6, strategist);
    const learned = await it.learn(8000);
    expect(learned.reflections).toBeGreaterThan(0);
    expect(learned.left).toBe(6 - learned.reflections);
    expect(learned.gaveUp).toBe(false);
    expect(await it.learn(8000)).toMatchObject({ reflections: expect.any(Number) });
    const looked = new Set(it.chat.requests.map(({ messages }) => messages[0]?.content));
    expect(looked.size).toBeGreaterThan(learned.reflections);
  });

  test("counts what an endpoint does not", async () => {
    await using it = await learner(1, (asked) => ({ text: strategist(asked), uncounted: true }));
    const { spent } = await it.learn();
    expect(spent.input_tokens).toBeGreaterThan(700);
    expect(spent.output_tokens).toBeGreaterThan(20);
  });
});

test("two at once would pay twice, so the second one is refused while the first is under way", async () => {
  using directory = tempDirectory();
  const file = join(directory.path, "answers.sqlite");
  {
    using _ = learningJournal(file, "run");
    expect(() => learningJournal(file, "other")).toThrow("another `handbook learn` is under way");
  }
  learningJournal(file, "other")[Symbol.dispose]();
});

describe("problems without a trace", () => {
  const problems = [11, 12, 13].map((n) => ({ place: `p.jsonl line ${n}`, task: `task ${n}`, tokens: 5 }));

  const checkers = {
    mathematics: { areEqual: async (a: string, b: string) => a === b, close: async () => {} },
  };

  test.each([
    ["is right", "12", "\\boxed{12}", ["success", "checker"]],
    ["is wrong", "12", "\\boxed{13}", ["failure", "checker"]],
    [
      "is in other words, which may mean the same",
      "Paris",
      "The answer is the French capital.",
      ["unknown", "none"],
    ],
    ["is nowhere", undefined, "\\boxed{12}", ["unknown", "none"]],
    ["is a text as no other", "12 ".repeat(50), "\\boxed{12}", ["unknown", "none"]],
  ])("have an outcome where their answer %s", async (_, answer, text, [outcome, evidence]) => {
    await using it = await learner(0, () => text);
    const problem = { place: "p.jsonl line 1", task: "how many?", tokens: 5, answer };
    const { traces } = await it.with((llm, run) =>
      solveProblems(it.ports, llm, [problem], { ...run, checkers }),
    );
    expect(traces).toMatchObject([{ outcome, evidence }]);
  });

  test("are solved once, and recorded in their order with the model's own count", async () => {
    await using it = await learner(0, (asked) => ({
      text: strategist(asked),
      delayMs: about(11)(asked) ? 20 : 0,
    }));
    const solve = () => it.with((llm, run) => solveProblems(it.ports, llm, problems, { ...run, checkers }));
    const { traces } = await solve();
    expect(traces).toMatchObject([
      { task: "task 11", output_tokens: 3, tokens_counted_by: "caller", model: "m", outcome: "unknown" },
      { task: "task 12" },
      { task: "task 13" },
    ]);
    expect(traces.map(({ id }) => id)).toEqual(traces.map(({ id }) => id).sort());
    const again = await solve();
    expect(again.traces.map(({ id }) => id)).toEqual(traces.map(({ id }) => id));
    expect(it.chat.requests).toHaveLength(3);
  });

  test("that cannot be solved are told by their place", async () => {
    await using it = await learner(0, (asked) => (about(12)(asked) ? 400 : strategist(asked)));
    const { traces, failed } = await it.with((llm, run) =>
      solveProblems(it.ports, llm, problems, { ...run, checkers }),
    );
    expect(traces).toHaveLength(2);
    expect(failed).toMatchObject([{ what: "solving p.jsonl line 12" }]);
  });
});

describe("without a model", () => {
  test("an agent is given what is most valuable, one after another, with the step that comes back", async () => {
    await using it = await learner(4, strategist);
    const [first, second, third, fourth] = it.recorded.map(({ id }) => id);
    const planned = it.recorded.map((trace) => ({ ...trace, tokens: 50 }));
    const group = { trace_ids: [second ?? "", fourth ?? ""], stake: 9, step: "Carry the one." };
    const plan = learningPlan(planned, [group], 6000);
    for (let i = 0; i < 2; i++) await it.ports.ledger.write((tx) => tx.queueReflections(plan)); // once is enough

    const given = [];
    for (let i = 0; i < 3; i++) {
      const { reflection, prompt } = await openReflection(it.ports, {});
      given.push(reflection.trace_ids);
      expect(prompt.includes("<step>\nCarry the one.\n</step>")).toBe(i === 0);
      await submitReflection(it.ports, { reflection_id: reflection.id, reflection: "None.", behaviors: [] });
    }
    expect(given).toEqual([[second, fourth], [first], [third]]);
    await expect(openReflection(it.ports, {})).rejects.toMatchObject({ code: "NOTHING_TO_REFLECT_ON" });
  });

  test("two agents are given different ones", async () => {
    await using it = await learner(2, strategist);
    await it.ports.ledger.write((tx) => tx.queueReflections(it.plan));
    const [one, other] = [await openReflection(it.ports, {}), await openReflection(it.ports, {})];
    expect(one.reflection.trace_ids).not.toEqual(other.reflection.trace_ids);
  });
});
