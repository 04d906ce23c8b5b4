import { expect, test } from "vitest";
import { readLines, tracesOf } from "./read-rows.ts";

const line = (type: string, payload: object) => ({ timestamp: "2026-04-29T10:58:42.786Z", type, payload });
const item = (payload: object) => line("response_item", payload);
const event = (type: string, fields: object = {}) => line("event_msg", { type, ...fields });
const message = (role: string, text: string) =>
  item({
    type: "message",
    role,
    content: [{ type: role === "assistant" ? "output_text" : "input_text", text }],
  });
const called = (call_id: string, cmd: string) =>
  item({ type: "function_call", name: "exec_command", arguments: JSON.stringify({ cmd }), call_id });
const returned = (call_id: string, output: unknown) =>
  item({ type: "function_call_output", call_id, output });
const used = (output_tokens: number, input_tokens = 10 * output_tokens) =>
  event("token_count", { info: { total_token_usage: { output_tokens, input_tokens } } });

const begin = [
  line("session_meta", { id: "019dd8e4", cwd: "/p", cli_version: "0.125.0", model_provider: "openai" }),
  message("developer", "<permissions instructions>"),
  message("user", "# AGENTS.md instructions for /p\n\nUse tabs."),
  message("user", "<environment_context>\n  <cwd>/p</cwd>\n</environment_context>"),
  line("turn_context", { cwd: "/p", model: "gpt-5.5", approval_policy: "never" }),
];
const turn = (prompt: string) => [
  event("task_started"),
  message("user", prompt),
  event("user_message", { message: prompt }),
  item({
    type: "reasoning",
    summary: [{ type: "summary_text", text: "Run it." }],
    encrypted_content: "gAAA",
  }),
  called("c1", "npm test"),
  returned("c1", "1 failed"),
  event("agent_message", { message: "Fixed." }),
  message("assistant", "Fixed."),
  event("task_complete", { last_agent_message: "Fixed." }),
];

test("a turn of the user is a trace, told once although the file tells it twice", async () => {
  expect(await tracesOf([...begin, ...turn("Fix the test")])).toMatchObject([
    {
      task: "Fix the test",
      reasoning: 'Thinking: Run it.\n\nTool exec_command: {"cmd":"npm test"}\n\nResult: 1 failed',
      answer: "Fixed.",
      model: "gpt-5.5",
      agent: "codex",
      outcome: "unknown",
      output_tokens: undefined,
    },
  ]);
});

test("each turn has the tokens by which the total grew, however often it was told", async () => {
  const traces = await tracesOf([
    ...begin,
    ...turn("One"),
    used(100),
    used(100),
    ...turn("Two"),
    used(130),
    used(150),
  ]);
  expect(traces).toMatchObject([
    { task: "One", output_tokens: 100, input_tokens: 1000 },
    { task: "Two", output_tokens: 50, input_tokens: 500 },
  ]);
});

test("a total that begins anew counts by its last call", async () => {
  const info = { total_token_usage: { output_tokens: 7 }, last_token_usage: { output_tokens: 7 } };
  const [, second] = await tracesOf([
    ...turn("One"),
    used(100),
    ...turn("Two"),
    event("token_count", { info }),
  ]);
  expect(second?.output_tokens).toBe(7);
});

test("turns that were rolled back are told, but are no traces", async () => {
  const read = await readLines([
    ...turn("One"),
    ...turn("Two"),
    event("thread_rolled_back", { num_turns: 1 }),
    ...turn("Three"),
  ]);
  expect(read).toMatchObject([
    { reason: "was taken back by the user" },
    { trace: { task: "One" } },
    { trace: { task: "Three" } },
  ]);
});

test("what the user says while a task runs belongs to it", async () => {
  const [head, tail] = [turn("Fix the test").slice(0, 6), turn("Fix the test").slice(6)];
  const read = await tracesOf([
    ...head,
    message("user", "use tabs"),
    event("user_message", { message: "use tabs" }),
    ...tail,
  ]);
  expect(read).toMatchObject([{ reasoning: expect.stringMatching(/1 failed\n\nThe user: use tabs$/) }]);
});

test("patches, shell calls and failures are read, a compaction is marked", async () => {
  const failed = JSON.stringify({ output: "no such file", metadata: { exit_code: 1 } });
  const [trace] = await tracesOf([
    event("user_message", { message: "Patch it" }),
    item({ type: "custom_tool_call", name: "apply_patch", input: "*** Begin Patch", call_id: "p" }),
    item({ type: "custom_tool_call_output", call_id: "p", output: failed }),
    line("compacted", { message: "Summary", replacement_history: [] }),
    item({ type: "local_shell_call", call_id: "s", action: { type: "exec", command: ["ls"] } }),
    item({ type: "function_call_output", call_id: "s", output: { content: "a.ts", success: true } }),
    message("assistant", "Patched."),
  ]);
  expect(trace?.reasoning.split("\n\n")).toEqual([
    "Tool apply_patch: *** Begin Patch",
    "Result (error): no such file",
    "[The conversation was compacted here.]",
    'Tool shell: ["ls"]',
    "Result: a.ts",
  ]);
});

test("rollouts of before August 2025 have the items without the lines around them", async () => {
  const old = [
    { id: "5973b6c0", timestamp: "2025-05-07T17:24:21Z", instructions: null },
    { record_type: "state" },
    { type: "message", role: "user", content: [{ type: "input_text", text: "Fix it" }] },
    { type: "function_call", name: "shell", arguments: '{"command":["ls"]}', call_id: "c" },
    { type: "function_call_output", call_id: "c", output: '{"output":"a.ts","metadata":{"exit_code":0}}' },
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "Fixed." }] },
  ];
  expect(await tracesOf(old, "codex")).toMatchObject([
    { task: "Fix it", reasoning: 'Tool shell: {"command":["ls"]}\n\nResult: a.ts', answer: "Fixed." },
  ]);
});

test("a turn without a tool and without a thought is talk", async () => {
  const read = await readLines([
    event("user_message", { message: "Thanks" }),
    message("assistant", "You are welcome."),
  ]);
  expect(read).toMatchObject([{ place: "line 1", reason: expect.stringContaining("is talk") }]);
});
