import { expect, test } from "vitest";
import { claudeCodeSession, text, thinking, toolUse } from "../../claude-code-session.ts";
import { readLines, tracesOf } from "./read-rows.ts";

type Session = ReturnType<typeof claudeCodeSession>;
const rows = (session: Session) => session.lines.map((line) => JSON.parse(line));
const idOf = (session: Session, place: number) => rows(session).at(place).uuid;

/** A prompt and what the agent does about it; each line goes on after the one before, or `after` another. */
function turn(session: Session, prompt: string, { after = "" } = {}): Session {
  const id = prompt.replaceAll(" ", "_");
  const next = () => ({ parentUuid: session.lines.length === 0 ? null : idOf(session, -1) });
  session.prompt(prompt, after === "" ? next() : { parentUuid: after });
  session.assistant(`${id}_1`, [toolUse(id, "Read", { file_path: "a.ts" })], { output: 20 }, next());
  session.toolResult(id, `content for ${prompt}`, next());
  session.assistant(`${id}_2`, [text(`Done: ${prompt}`)], { output: 30 }, next());
  return session;
}

test("each prompt that the agent worked on is a trace of its own, with its tokens", async () => {
  const session = turn(turn(claudeCodeSession(), "fix the parser"), "add a test");
  const read = await readLines(rows(session));
  expect(read).toMatchObject([
    {
      place: "line 1",
      format: "claude-code",
      trace: {
        task: "fix the parser",
        reasoning: 'Tool Read: {"file_path":"a.ts"}\n\nResult: content for fix the parser',
        answer: "Done: fix the parser",
        output_tokens: 50,
        input_tokens: 4,
        model: "claude-opus-5",
        agent: "claude-code",
        outcome: "unknown",
      },
    },
    { place: "line 5", trace: { task: "add a test" } },
  ]);
});

test("what was said before the user went back is told, and only the branch that went on is read", async () => {
  const session = turn(turn(turn(claudeCodeSession(), "one"), "two"), "three");
  turn(session, "another two", { after: idOf(session, 3) });
  turn(session, "another three");
  const read = await readLines(rows(session));
  expect(read.map((one) => ("trace" in one ? one.trace.task : `${one.place} ${one.reason}`))).toEqual([
    "line 5 was taken back by the user",
    "line 9 was taken back by the user",
    "one",
    "another two",
    "another three",
  ]);
});

test("a first prompt that was edited begins the session anew", async () => {
  const session = turn(turn(claudeCodeSession(), "one"), "two").line({ type: "system", parentUuid: null });
  session.prompt("better one", { parentUuid: null });
  session.assistant(
    "b",
    [thinking("Easy."), text("Done.")],
    { output: 5 },
    { parentUuid: idOf(session, -1) },
  );
  const read = await readLines(rows(session));
  expect(read.filter((one) => "trace" in one)).toMatchObject([{ trace: { task: "better one" } }]);
});

test("calls of several tools at once, whose results branch off, all count", async () => {
  const session = claudeCodeSession().prompt("look twice");
  const [root] = rows(session).map(({ uuid }) => uuid);
  session.assistant("m", [toolUse("t1", "Read", { a: 1 })], { output: 9 }, { parentUuid: root });
  const first = idOf(session, -1);
  session.assistant("m", [toolUse("t2", "Read", { a: 2 })], { output: 9 }, { parentUuid: first });
  const second = idOf(session, -1);
  session.toolResult("t1", "one", { parentUuid: first }).toolResult("t2", "two", { parentUuid: second });
  session.assistant("n", [text("Both.")], { output: 1 }, { parentUuid: idOf(session, -1) });
  const [trace] = await tracesOf(rows(session));
  expect(trace?.reasoning).toContain("Result: one\n\nResult: two");
  expect(trace?.output_tokens).toBe(10);
});

test("subagents are apart: in the same file as before, and in files of their own", async () => {
  const session = claudeCodeSession()
    .prompt("fix it")
    .assistant("m1", [toolUse("t", "Agent", { prompt: "search" })], { output: 10 });
  const side = { isSidechain: true, parentUuid: null };
  session.user("search", side);
  const goesOn = () => ({ isSidechain: true, parentUuid: idOf(session, -1) });
  session.assistant("s1", [toolUse("ts", "Grep", { pattern: "x" })], { output: 5000 }, goesOn());
  session.user([{ type: "tool_result", tool_use_id: "ts", content: "a.ts" }], goesOn());
  session.assistant("s2", [text("In a.ts")], { output: 1 }, goesOn());
  session.toolResult("t", "In a.ts").assistant("m2", [text("Fixed.")], { output: 20 });
  const [main, sub] = await tracesOf(rows(session));
  expect(main).toMatchObject({ task: "fix it", output_tokens: 30, agent: "claude-code" });
  const subagent = { task: "search", answer: "In a.ts", output_tokens: 5001, agent: "claude-code subagent" };
  expect(sub).toMatchObject(subagent);
  const own = rows(session)
    .filter(({ isSidechain }) => isSidechain)
    .map((row) => ({ ...row, agentId: "a1" }));
  expect(await tracesOf(own)).toMatchObject([subagent]);
});

test("what a compaction writes again is read once, and the summary is no prompt", async () => {
  const session = turn(claudeCodeSession(), "one");
  const again = session.lines.slice(0, 4);
  session
    .system("compact_boundary", { parentUuid: null })
    .user("This session is being continued.", { isCompactSummary: true, parentUuid: idOf(session, -1) });
  for (const line of again) session.raw(line);
  turn(session, "two");
  const traces = await tracesOf(rows(session));
  expect(traces.map(({ task, output_tokens }) => [task, output_tokens])).toEqual([
    ["one", 50],
    ["two", 50],
  ]);
});

test("talk and commands of the client are no work, and are told", async () => {
  const session = claudeCodeSession()
    .prompt("thanks")
    .assistant("m", [text("You are welcome.")], { output: 3 })
    .user("<command-name>/model</command-name>\n<command-args>opus</command-args>")
    .user("<local-command-stdout>Set model to opus</local-command-stdout>");
  expect(await readLines(rows(session))).toMatchObject([
    { reason: expect.stringContaining("is talk") },
    { reason: "is a command of the client" },
  ]);
});
