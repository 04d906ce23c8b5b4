import { expect, test } from "vitest";
import { readLines, tracesOf } from "./read-rows.ts";

type Attributes = Record<string, string | number>;
const said = (role: string, ...parts: object[]) => ({ role, parts });
const text = (content: string) => ({ type: "text", content });
const call = { type: "tool_call", id: "c1", name: "get_weather", arguments: { location: "Paris" } };
const result = { type: "tool_call_response", id: "c1", response: "rainy, 57°F" };
const question = said("user", text("Weather in Paris?"));
const calls: [Attributes, Attributes] = [
  {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4",
    "gen_ai.response.model": "gpt-4-0613",
    "gen_ai.response.id": "r1",
    "gen_ai.usage.output_tokens": 17,
    "gen_ai.usage.input_tokens": 47,
    "gen_ai.input.messages": JSON.stringify([said("system", text("Be brief.")), question]),
    "gen_ai.output.messages": JSON.stringify([
      said("assistant", { type: "reasoning", content: "Look." }, call),
    ]),
  },
  {
    "gen_ai.operation.name": "chat",
    "gen_ai.response.id": "r2",
    "gen_ai.usage.output_tokens": 52,
    "gen_ai.usage.input_tokens": 97,
    "gen_ai.input.messages": JSON.stringify([
      question,
      said("assistant", { type: "reasoning", content: "Look." }, call),
      said("tool", result),
    ]),
    "gen_ai.output.messages": JSON.stringify([said("assistant", text("Rainy, 57°F."))]),
  },
];
const [first, second] = calls;

function span(spanId: string, startTimeUnixNano: string, attributes: Attributes, traceId = "4bf92f35") {
  const typed = Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
  }));
  return { traceId, spanId, name: "chat", startTimeUnixNano, attributes: typed };
}
const batch = (...spans: object[]) => ({
  resourceSpans: [{ resource: {}, scopeSpans: [{ scope: {}, spans }] }],
});

const weather = {
  task: "Weather in Paris?",
  reasoning: 'Thinking: Look.\n\nTool get_weather: {"location":"Paris"}\n\nResult: rainy, 57°F',
  answer: "Rainy, 57°F.",
  output_tokens: 69,
  input_tokens: 144,
  model: "gpt-4-0613",
  outcome: "unknown",
};

test("the spans of a trace are one attempt, in the order of time and not of the file", async () => {
  const agent = span("0", "1", {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": "Weather",
    "gen_ai.usage.output_tokens": 69,
  });
  const read = await readLines([batch(span("2", "30", second), span("1", "20", first), agent)]);
  expect(read).toMatchObject([{ place: "line 1, trace 4bf92f35", trace: { ...weather, agent: "Weather" } }]);
});

test("spans come also one a line, as SDKs print them, with values in the place of JSON text", async () => {
  const printed = calls.map((attributes, i) => ({
    name: "chat",
    context: { trace_id: "0xabc", span_id: `0x${i}` },
    start_time: `2026-01-01T00:00:0${i}Z`,
    attributes: {
      ...attributes,
      "gen_ai.input.messages": JSON.parse(String(attributes["gen_ai.input.messages"])),
    },
  }));
  expect(await tracesOf(printed)).toMatchObject([weather]);
});

test("messages may be in the attributes of OpenLLMetry, or in events", async () => {
  const flat = span("1", "1", {
    "gen_ai.prompt.0.role": "user",
    "gen_ai.prompt.0.content": "Time in Tokyo?",
    "gen_ai.prompt.10.role": "user",
    "gen_ai.prompt.10.content": "Now!",
    "gen_ai.prompt.2.role": "assistant",
    "gen_ai.prompt.2.tool_calls.0.name": "get_time",
    "gen_ai.prompt.2.tool_calls.0.arguments": '{"tz":"Asia/Tokyo"}',
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "22:14",
    "gen_ai.usage.completion_tokens": 5,
  });
  const { attributes, ...bare } = span("2", "2", first, "other");
  const evented = {
    ...bare,
    attributes: [],
    events: [{ name: "gen_ai.client.inference.operation.details", attributes }],
  };
  expect(await tracesOf([flat, evented])).toMatchObject([
    {
      task: "Time in Tokyo?",
      reasoning: 'Tool get_time: {"tz":"Asia/Tokyo"}\n\nThe user: Now!',
      answer: "22:14",
      output_tokens: 5,
    },
    { task: "Weather in Paris?", output_tokens: 17 },
  ]);
});

test("what is said twice is kept twice, and a response that was exported twice was paid once", async () => {
  const yes = said("user", text("Yes"));
  const again = {
    ...second,
    "gen_ai.input.messages": JSON.stringify([question, yes, said("assistant", text("Sure?")), yes]),
  };
  const [trace] = await tracesOf([span("1", "1", again), span("2", "2", again)]);
  expect(trace?.reasoning).toBe("The user: Yes\n\nSure?\n\nThe user: Yes");
  expect(trace?.output_tokens).toBe(52);
});

test("an evaluation is an outcome, and one that fails outweighs one that passes", async () => {
  const label = (value: string) => ({ "gen_ai.evaluation.score.label": value });
  const [passed, failed] = await tracesOf([
    span("1", "1", { ...first, ...label("pass") }, "a"),
    span("2", "1", { ...first, ...label("pass") }, "b"),
    span("3", "2", { ...second, ...label("fail") }, "b"),
  ]);
  expect(passed).toMatchObject({ outcome: "success", evidence: "checker" });
  expect(failed).toMatchObject({ outcome: "failure" });
});

test("tokens that not every call states are unknown", async () => {
  const { "gen_ai.usage.output_tokens": _, ...silent } = second;
  const [trace] = await tracesOf([span("1", "1", first), span("2", "2", silent)]);
  expect(trace?.output_tokens).toBeUndefined();
});

test("a trace whose content was not captured is refused", async () => {
  const bare = span("1", "1", { "gen_ai.operation.name": "chat", "gen_ai.usage.output_tokens": 5 });
  expect(await readLines([bare])).toMatchObject([{ reason: expect.stringContaining("holds no messages") }]);
});
