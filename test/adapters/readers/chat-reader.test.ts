import { describe, expect, test } from "vitest";
import { readLines, tracesOf } from "./read-rows.ts";

const user = (content: unknown) => ({ role: "user", content });
const assistant = (content: unknown, more: object = {}) => ({ role: "assistant", content, ...more });
const call = (name: string, args: string, id = "call_1") => ({
  tool_calls: [{ id, type: "function", function: { name, arguments: args } }],
});
const weather = [
  { role: "system", content: "Be brief." },
  user("How is the weather in Paris?"),
  assistant(null, { ...call("weather", '{"city":"Paris"}'), reasoning_content: "I must look." }),
  { role: "tool", tool_call_id: "call_1", content: "rainy, 14 °C" },
  assistant("Rainy, 14 °C."),
];

test("a conversation is one trace: thoughts, calls and results in order, the last text the answer", async () => {
  expect(await tracesOf([{ messages: weather, model: "gpt-x" }])).toMatchObject([
    {
      task: "How is the weather in Paris?",
      reasoning: ["Thinking: I must look.", 'Tool weather: {"city":"Paris"}', "Result: rainy, 14 °C"].join(
        "\n\n",
      ),
      answer: "Rainy, 14 °C.",
      outcome: "unknown",
      model: "gpt-x",
      output_tokens: undefined,
    },
  ]);
});

test("an answer without any thought is the reasoning, and not kept twice", async () => {
  const [trace] = await tracesOf([{ messages: [user("2 + 2?"), assistant("4")] }]);
  expect(trace).toMatchObject({ task: "2 + 2?", reasoning: "4", answer: undefined });
});

test("thoughts stand in <think>, in blocks or in fields of their own", async () => {
  const block = [
    { type: "thinking", thinking: "It is even." },
    { type: "text", text: "Yes" },
  ];
  const traces = await tracesOf([
    { messages: [user("Even?"), assistant("<think>\nIt is even.\n</think>\nYes")] },
    { messages: [user("Even?"), assistant(block)] },
    { messages: [user([{ type: "text", text: "Even?" }]), assistant("Yes", { reasoning: "It is even." })] },
    {
      conversations: [
        { from: "human", value: "Even?" },
        { from: "gpt", value: "It is even.</think>Yes" },
      ],
    },
  ]);
  for (const trace of traces) {
    expect(trace).toMatchObject({ task: "Even?", reasoning: "Thinking: It is even.", answer: "Yes" });
  }
});

test("calls and results of Anthropic's messages are read as well", async () => {
  const [trace] = await tracesOf([
    {
      messages: [
        user("List the files."),
        assistant([{ type: "tool_use", id: "t1", name: "ls", input: { path: "." } }]),
        user([
          {
            type: "tool_result",
            tool_use_id: "t1",
            content: [{ type: "text", text: "a.ts" }],
            is_error: true,
          },
        ]),
        assistant([{ type: "text", text: "Only a.ts." }]),
      ],
    },
  ]);
  expect(trace).toMatchObject({
    reasoning: 'Tool ls: {"path":"."}\n\nResult (error): a.ts',
    answer: "Only a.ts.",
  });
});

describe("a conversation goes on", () => {
  const next = "Now write a function that parses ISO dates without a library.";
  const dialogue = (answer: string, said: string) => [
    user("Sort a list."),
    assistant(answer),
    user(said),
    assistant("Done."),
  ];

  test("with the next task after an answer, in a trace of its own", async () => {
    const read = await readLines([{ messages: dialogue("Use sort().", next) }]);
    expect(read).toMatchObject([
      { place: "line 1, task 1", trace: { task: "Sort a list.", reasoning: "Use sort()." } },
      { place: "line 1, task 2", trace: { task: next, reasoning: "Done." } },
    ]);
  });

  test.each([
    ["a question was asked", dialogue("In which language?", next)],
    ["little is said", dialogue("Use sort().", "That is wrong.")],
  ])("with the same task where %s", async (_, messages) => {
    expect(await tracesOf([{ messages }])).toMatchObject([{ task: "Sort a list.", answer: "Done." }]);
  });

  test("to the end where the row states the outcome of the whole", async () => {
    expect(await tracesOf([{ messages: dialogue("Use sort().", next), resolved: true }])).toMatchObject([
      { task: "Sort a list.", outcome: "success", evidence: "checker" },
    ]);
  });
});

describe("tokens", () => {
  const response = (usage: object) => ({ choices: [{ message: assistant("4") }], usage, model: "m" });

  test("of a request's one answer are what its response says", async () => {
    const usage = { completion_tokens: 7, prompt_tokens: 3 };
    const rows = [
      { request: { messages: [user("2 + 2?")] }, response: response(usage) },
      { body: { messages: [user("2 + 2?")] }, response: { body: response(usage) } },
    ];
    for (const trace of await tracesOf(rows)) {
      expect(trace).toMatchObject({
        task: "2 + 2?",
        reasoning: "4",
        output_tokens: 7,
        input_tokens: 3,
        model: "m",
      });
    }
  });

  test("of a conversation are summed where every answer states them, else unknown", async () => {
    const used = (n: number) => ({ usage: { output_tokens: n } });
    const messages = (second: object) => [
      user("Go."),
      assistant("One?", used(5)),
      user("Yes"),
      assistant("Two", second),
    ];
    const [all, some] = await tracesOf([{ messages: messages(used(6)) }, { messages: messages({}) }]);
    expect(all?.output_tokens).toBe(11);
    expect(some?.output_tokens).toBeUndefined();
  });
});

test("long results lose their middle, and it is said how much", async () => {
  const result = { role: "tool", tool_call_id: "call_1", content: `begin ${"x ".repeat(5000)}end` };
  const [trace] = await tracesOf([{ messages: [user("Go."), assistant(null, call("cat", "{}")), result] }]);
  expect(trace?.reasoning).toMatch(
    /^Tool cat: \{\}\n\nResult: begin [\s\S]*\[\.\.\. 8,\d+ characters left out \.\.\.\][\s\S]*end$/,
  );
});

test("a conversation beyond the limit of a trace loses its middle", async () => {
  const long = Array.from({ length: 6 }, (_, i) => assistant(`part ${i} ${"y".repeat(1_000_000)}`));
  const [trace] = await tracesOf([{ messages: [user("Go."), ...long, assistant("End.")] }]);
  expect(trace?.reasoning.length).toBeLessThanOrEqual(2 * 1024 * 1024);
  expect(trace?.reasoning).toMatch(/^part 0[\s\S]*characters left out/);
});

test("a conversation without a task or an answer is refused with its reason", async () => {
  const read = await readLines([
    { messages: [assistant("Hi")] },
    { messages: [user("Hi")] },
    { messages: [user("Hi"), assistant("")] },
  ]);
  expect(read).toMatchObject([
    { place: "line 1", reason: "has no task: nobody asks for anything" },
    { place: "line 2", reason: "has no answer to its task" },
    { place: "line 3", reason: "has no answer to its task" },
  ]);
});
