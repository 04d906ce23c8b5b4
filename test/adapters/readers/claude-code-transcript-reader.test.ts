import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readLastTurn } from "../../../src/adapters/readers/claude-code-transcript-reader.ts";
import type { Turn } from "../../../src/adapters/readers/claude-code-turn.ts";
import { claudeCodeSession, text, thinking, toolUse } from "../../claude-code-session.ts";
import { tempDirectory } from "../../ports.ts";

async function turnOf(transcript: { text(): string } | string): Promise<Turn | undefined> {
  using directory = tempDirectory();
  const path = join(directory.path, "session.jsonl");
  writeFileSync(path, typeof transcript === "string" ? transcript : transcript.text());
  return await readLastTurn(path);
}

/** A turn with two messages: one calls a tool, one answers. */
function fixedBug(session = claudeCodeSession()) {
  return session
    .prompt("Fix the date parser")
    .assistant("msg_1", [thinking("Look first.")], { output: 3, cacheRead: 900 }, { stop_reason: null })
    .assistant("msg_1", [text("I look at the file.")], { output: 3, cacheRead: 900 }, { stop_reason: null })
    .assistant(
      "msg_1",
      [toolUse("toolu_1", "Read", { file_path: "src/date.ts" })],
      { output: 120, input: 4, cacheWritten: 50, cacheRead: 900 },
      { stop_reason: "tool_use" },
    )
    .toolResult("toolu_1", "1\texport function parse() {}")
    .assistant("msg_2", [text("Fixed.")], { output: 30, input: 2, cacheWritten: 10, cacheRead: 950 });
}

test("a turn is its prompt and everything after it, in order", async () => {
  expect(await turnOf(fixedBug())).toMatchObject({
    prompt: "Fix the date parser",
    steps: [
      { kind: "thinking", text: "Look first." },
      { kind: "text", text: "I look at the file." },
      { kind: "tool_call", name: "Read", input: { file_path: "src/date.ts" } },
      { kind: "tool_result", name: "Read", text: "1\texport function parse() {}", isError: false },
      { kind: "text", text: "Fixed." },
    ],
    answer: "Fixed.",
    isWhole: true,
    model: "claude-opus-5",
  });
});

test("each message is counted once, by its last line, and what came from a cache was read too", async () => {
  const turn = await turnOf(fixedBug());
  expect(turn?.usage).toEqual({ output_tokens: 120 + 30, input_tokens: 4 + 50 + 900 + 2 + 10 + 950 });
});

test("a message that was only seen while it streamed has no true count, so the turn has none", async () => {
  const session = claudeCodeSession()
    .prompt("Fix it")
    .assistant("msg_1", [text("Looking.")], { output: 8 }, { stop_reason: null })
    .assistant("msg_2", [text("Done.")], { output: 30 });
  const turn = await turnOf(session);
  expect(turn).toMatchObject({ answer: "Done.", isWhole: true });
  expect(turn).not.toHaveProperty("usage");
});

test("the last message is not whole while it streams", async () => {
  const streaming = claudeCodeSession()
    .prompt("Fix it")
    .assistant("msg_1", [text("Do")], { output: 1 }, { stop_reason: null });
  expect(await turnOf(streaming)).toMatchObject({ answer: "Do", isWhole: false });
  const calling = claudeCodeSession()
    .prompt("Fix it")
    .assistant("msg_1", [toolUse("toolu_1", "Bash", {})], { output: 9 }, { stop_reason: "tool_use" });
  expect(await turnOf(calling)).toMatchObject({ answer: "", isWhole: false });
});

test("a longer version of a block takes the place of the one that was written before", async () => {
  const session = claudeCodeSession()
    .prompt("Fix it")
    .assistant("msg_1", [text("I will")], { output: 1 }, { stop_reason: null })
    .assistant("msg_1", [text("I will fix it."), toolUse("toolu_1", "Edit", { a: 1 })], { output: 20 })
    .assistant("msg_1", [toolUse("toolu_1", "Edit", { a: 1 })], { output: 20 });
  expect((await turnOf(session))?.steps).toEqual([
    { kind: "text", text: "I will fix it." },
    { kind: "tool_call", name: "Edit", input: { a: 1 } },
  ]);
});

test("only the last turn is read, and when the one before it ended", async () => {
  const session = fixedBug();
  const before = JSON.parse(session.lines.at(-1) ?? "").timestamp;
  session
    .system("stop_hook_summary", { hookCount: 1 })
    .prompt("Add a test")
    .attachment({ type: "hook_additional_context", hookEvent: "UserPromptSubmit", content: ["behavior_x"] })
    .assistant("msg_3", [text("Added.")], { output: 10 });
  const turn = await turnOf(session);
  expect(turn).toMatchObject({ prompt: "Add a test", steps: [{ kind: "text", text: "Added." }], before });
  expect(turn?.usage?.output_tokens).toBe(10);
  expect(turn?.firstAnswer).toBe(turn?.last);
});

test("broken lines, a last line half written and lines of unknown kinds are passed over", async () => {
  const session = claudeCodeSession()
    .raw("not json")
    .prompt("Fix it")
    .raw('{"type":"assistant","message":{"id":"msg_9","content":[{"type":"te')
    .raw("")
    .raw("null")
    .raw('"text"')
    .line({ type: "file-history-snapshot", snapshot: {} })
    .line({ type: "assistant" })
    .line({ type: "invented-next-year", message: { content: "x" } })
    .assistant("msg_1", [{ type: "invented" }, text("Done."), { type: "text" }, null], { output: 5 });
  const turn = await turnOf(`${session.text()}{"type":"user","message":{"role":"user","conte`);
  expect(turn).toMatchObject({ prompt: "Fix it", steps: [{ kind: "text", text: "Done." }] });
});

test("what a subagent says and reads is not the turn's", async () => {
  const session = claudeCodeSession()
    .prompt("Fix it")
    .assistant("msg_1", [toolUse("toolu_1", "Agent", { prompt: "Search" })], { output: 10 })
    .user("Search", { isSidechain: true })
    .assistant("msg_s", [text("Found it in a.ts")], { output: 5000 }, { isSidechain: true })
    .toolResult("toolu_1", [text("It is in a.ts")])
    .assistant("msg_2", [text("Done.")], { output: 20 });
  const turn = await turnOf(session);
  expect(turn?.usage?.output_tokens).toBe(30);
  expect(turn?.steps.map(({ kind }) => kind)).toEqual(["tool_call", "tool_result", "text"]);
});

test.each([
  ["a meta message", { isMeta: true }, "Base directory for this skill: /x"],
  ["a notice by its origin", { origin: { kind: "task-notification" }, promptSource: "system" }, "b1 is done"],
  ["a notice by its tag", {}, "<task-notification>\n<task-id>b1</task-id>\n</task-notification>"],
  ["an interruption", {}, [text("[Request interrupted by user for tool use]")]],
  ["a shell command of the user", {}, "<bash-input>ls</bash-input>"],
  ["a tool's result with text beside it", {}, [{ type: "tool_result", tool_use_id: "t" }, text("Loaded.")]],
])("%s does not begin a turn", async (_, fields, content) => {
  const session = claudeCodeSession()
    .prompt("Fix it")
    .assistant("msg_1", [text("Waiting.")], { output: 10 })
    .user(content, fields)
    .assistant("msg_2", [text("Done.")], { output: 20 });
  expect(await turnOf(session)).toMatchObject({ prompt: "Fix it", usage: { output_tokens: 30 } });
});

test("what the client puts around a prompt is not part of it", async () => {
  const session = claudeCodeSession()
    .user([
      text("<ide_opened_file>The user opened a.ts</ide_opened_file>"),
      text('Fix this:\n<pasted_content id="63b4">\nTypeError: x\n</pasted_content id="63b4">'),
      { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } },
      text("<system-reminder>The file changed</system-reminder>"),
    ])
    .assistant("msg_1", [text("Done.")], { output: 10 });
  expect((await turnOf(session))?.prompt).toBe("Fix this:\nTypeError: x");
});

test("an image alone is a prompt", async () => {
  const session = fixedBug()
    .user([{ type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } }])
    .assistant("msg_3", [text("A cat.")], { output: 10 });
  expect(await turnOf(session)).toMatchObject({ prompt: "[not text]", usage: { output_tokens: 10 } });
});

test("a session that was compacted in the middle of the turn keeps its prompt", async () => {
  const session = fixedBug();
  const again = session.lines.at(-1) ?? "";
  session
    .system("compact_boundary", { compactMetadata: { trigger: "auto", preTokens: 155_025 } })
    .user("This session is being continued from a previous conversation.", {
      isCompactSummary: true,
      isVisibleInTranscriptOnly: true,
    })
    .raw(again) // what is preserved may be written again
    .assistant("msg_3", [text("All done.")], { output: 7 });
  const turn = await turnOf(session);
  expect(turn).toMatchObject({ prompt: "Fix the date parser", answer: "All done." });
  expect(turn?.usage?.output_tokens).toBe(120 + 30 + 7);
  expect(turn?.steps.map(({ kind }) => kind).slice(-3)).toEqual(["text", "compacted", "text"]);
});

test("a slash command that the model works on begins a turn; one that the client runs itself does not", async () => {
  const command = (name: string, args = "") =>
    `<command-message>${name}</command-message>\n<command-name>/${name}</command-name>\n<command-args>${args}</command-args>`;
  const session = fixedBug()
    .user(command("deploy", "staging"))
    .user([text("Deploy to the environment named.")], { isMeta: true })
    .assistant("msg_3", [text("Deployed.")], { output: 10 });
  expect(await turnOf(session)).toMatchObject({ prompt: "/deploy staging", usage: { output_tokens: 10 } });
  session
    .user(command("model", "opus"))
    .user("<local-command-stdout>Set model to opus</local-command-stdout>");
  expect(await turnOf(session)).toMatchObject({ prompt: "/deploy staging", usage: { output_tokens: 10 } });
});

test("what the user says while the agent works is a step", async () => {
  const session = claudeCodeSession()
    .prompt("Fix it")
    .assistant("msg_1", [toolUse("toolu_1", "Bash", { command: "ls" })], { output: 10 })
    .attachment({
      type: "queued_command",
      prompt: "use tabs",
      commandMode: "prompt",
      origin: { kind: "human" },
    })
    .attachment({ type: "queued_command", prompt: "<task-notification/>", commandMode: "task-notification" })
    .toolResult("toolu_1", "a.ts", { is_error: true })
    .assistant("msg_2", [text("Done, with tabs.")], { output: 10 });
  expect((await turnOf(session))?.steps.slice(1, 3)).toEqual([
    { kind: "user", text: "use tabs" },
    { kind: "tool_result", name: "Bash", text: "a.ts", isError: true },
  ]);
});

test("what the client writes in the model's name costs nothing and names no model", async () => {
  const session = claudeCodeSession()
    .prompt("Fix it")
    .assistant("msg_1", [text("Done.")], { output: 10 })
    .assistant(
      "msg_2",
      [text("API Error: 529")],
      { output: 0 },
      { model: "<synthetic>", isApiErrorMessage: true },
    );
  expect(await turnOf(session)).toMatchObject({ model: "claude-opus-5", usage: { output_tokens: 10 } });
});

test("a transcript without a prompt has no turn", async () => {
  expect(await turnOf("")).toBeUndefined();
  expect(await turnOf(claudeCodeSession().assistant("msg_1", [text("Hi")], { output: 1 }))).toBeUndefined();
});

test("a turn longer than what is read at once is read whole", async () => {
  const session = claudeCodeSession().prompt("Read it all");
  for (let i = 0; i < 40; i++) {
    session
      .assistant(
        `msg_${i}`,
        [toolUse(`toolu_${i}`, "Read", { i })],
        { output: 10 },
        { stop_reason: "tool_use" },
      )
      .toolResult(`toolu_${i}`, "ä".repeat(30_000));
  }
  session.assistant("msg_end", [text("Read.")], { output: 10 });
  const turn = await turnOf(session);
  expect(turn?.steps).toHaveLength(81);
  expect(turn?.usage?.output_tokens).toBe(410);
});

test("a file that is missing or is none is a clear error", async () => {
  using directory = tempDirectory();
  for (const path of [join(directory.path, "none.jsonl"), directory.path]) {
    await expect(readLastTurn(path)).rejects.toMatchObject({ code: "BAD_FILE" });
  }
});
