import { describe, expect, test } from "vitest";
import { openaiLlm } from "../../src/adapters/openai-llm.ts";
import { reflectAndCurate, submitReflection } from "../../src/lifecycle/curate.ts";
import { improve } from "../../src/lifecycle/improve.ts";
import { recordTrace } from "../../src/lifecycle/record.ts";
import { reflector } from "../../src/lifecycle/reflect.ts";
import { startChatServer } from "../chat-server.ts";
import { testPorts } from "../ports.ts";

const REFLECTION = "1. Wrong sign. 2. A check was missing. 3. behavior_check_sign.";
const EXTRACTION =
  '```json\n{"check_sign": "Check the sign of the result against a rough estimate before answering."}\n```';

async function withModel(answers: (string | number)[]) {
  const chat = await startChatServer(answers);
  const ports = await testPorts({
    llm: openaiLlm({ baseUrl: chat.baseUrl, apiKey: "k", model: "test-model" }),
  });
  return {
    chat,
    ports,
    async [Symbol.asyncDispose]() {
      await ports[Symbol.asyncDispose]();
      await chat[Symbol.asyncDispose]();
    },
  };
}

describe("with a model of the server's own", () => {
  test("reflection and extraction are two calls, and what comes of them is stored whole", async () => {
    await using it = await withModel([REFLECTION, EXTRACTION]);
    const { trace } = await recordTrace(it.ports, {
      task: "Integrate",
      reasoning: "minus became plus",
      outcome: "failure",
    });
    const { reflection, decisions } = await reflectAndCurate(it.ports, { trace_ids: [trace.id] });
    expect(decisions).toMatchObject([{ decision: "add", target: { name: "behavior_check_sign" } }]);
    expect(await it.ports.ledger.reflection(reflection.id)).toMatchObject({
      status: "done",
      by: "server",
      model: "test-model",
      text: REFLECTION,
    });
    expect(it.chat.requests.map(({ messages }) => messages.map(({ role }) => role))).toEqual([
      ["user"],
      ["user", "assistant", "user"],
    ]);
    expect(it.chat.requests[0]?.messages[0]?.content).toContain("minus became plus");
  });

  test.each([
    ["the second answer cannot be read", [REFLECTION, "I suggest none, sorry."], "LLM_BAD_OUTPUT"],
    ["the second answer is cut off", [REFLECTION, '{"behavior_a": "Do this and'], "LLM_BAD_OUTPUT"],
    ["the endpoint refuses the key", [401], "LLM_UNAVAILABLE"],
    ["the endpoint fails", [REFLECTION, 500], "LLM_UNAVAILABLE"],
    ["the answer is empty", [""], "LLM_BAD_OUTPUT"],
  ])("when %s, nothing is stored and a stranger's words stay out", async (_, answers, code) => {
    await using it = await withModel(answers);
    const { trace } = await recordTrace(it.ports, { task: "t", reasoning: "r" });
    const failed = reflectAndCurate(it.ports, { trace_ids: [trace.id] });
    await expect(failed).rejects.toMatchObject({ code });
    await expect(failed).rejects.not.toThrow(/stranger/);
    expect(await it.ports.ledger.reflectionsOn([trace.id])).toEqual([]);
    expect(await it.ports.ledger.behaviors("default")).toEqual([]);
  });

  test("self-improvement runs through to a new, linked trace with the endpoint's own token counts", async () => {
    await using it = await withModel([
      REFLECTION,
      EXTRACTION,
      "<think>estimate first</think>The result is positive.",
    ]);
    const { trace } = await recordTrace(it.ports, { task: "Integrate", reasoning: "minus became plus" });
    const state = await improve(it.ports, { trace_ids: [trace.id], by: "auto" });
    expect(state).toMatchObject({ status: "done", answer: "The result is positive." });
    const [next] = await it.ports.ledger.traces([state.status === "done" ? state.trace_id : ""]);
    expect(next).toMatchObject({
      improves: trace.id,
      task: "Integrate",
      output_tokens: 3,
      input_tokens: 7,
      tokens_counted_by: "caller",
      model: "test-model",
      outcome: "unknown",
    });
    expect(it.chat.requests[2]?.messages[0]?.content).toContain("behavior_check_sign");
    expect(it.chat.requests[2]?.messages[0]?.content).not.toContain("minus became plus");
  });
});

describe("without one", () => {
  test("the server cannot be asked to reflect, and says what to set", async () => {
    await using ports = await testPorts();
    expect(reflector(ports, "auto")).toBe("agent");
    expect(() => reflector(ports, "server")).toThrow(expect.objectContaining({ code: "NO_MODEL" }));
  });

  test("self-improvement goes through three states", async () => {
    await using ports = await testPorts();
    const attempts = [];
    for (const reasoning of ["first try", "second try"]) {
      attempts.push((await recordTrace(ports, { task: "Solve  it", reasoning })).trace.id);
    }
    const waiting = await improve(ports, { trace_ids: attempts, by: "auto" });
    if (waiting.status !== "awaiting_reflection") throw new Error(waiting.status);
    expect(waiting.prompt).toContain("2 attempts");
    expect(await improve(ports, { trace_ids: attempts, by: "auto" })).toEqual(waiting);

    const instruction = "List the constraints before trying values, and try the tightest one first.";
    await submitReflection(ports, {
      reflection_id: waiting.reflection_id,
      reflection: REFLECTION,
      behaviors: [{ name: "behavior_tightest_first", instruction, when: "", keywords: [] }],
    });
    const ready = await improve(ports, { trace_ids: attempts.toReversed(), by: "auto" });
    expect(ready).toMatchObject({ status: "ready", prompt: expect.stringContaining(instruction) });
    expect(ready).toMatchObject({ prompt: expect.stringContaining(`improves "${attempts[0]}"`) });
  });

  test("attempts at different tasks are refused", async () => {
    await using ports = await testPorts();
    const a = await recordTrace(ports, { task: "one", reasoning: "r" });
    const b = await recordTrace(ports, { task: "two", reasoning: "r" });
    const trace_ids = [a.trace.id, b.trace.id];
    await expect(improve(ports, { trace_ids, by: "agent" })).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });
});
