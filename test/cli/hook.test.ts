import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { openSqliteLedger } from "../../src/adapters/sql/sqlite-ledger.ts";
import type { LedgerReads } from "../../src/ports.ts";
import { claudeCodeSession, text, thinking, toolUse } from "../claude-code-session.ts";
import { UNDRAWN } from "../undrawn.ts";
import { type Machine, machine, type Run, runBuilt, runHandbook } from "./run-handbook.ts";

const TASK = "Fix the flaky unit tests of the parser module";
// Put together here, so that no scanner takes this file for a leak.
const SECRET = ["ghp", "x7Kq2mZp9RtVw4Ys8Bn3Cd6Ef1Gh5Jk0LmQa"].join("_");

type Session = ReturnType<typeof claudeCodeSession>;

/** The hooks as a client calls them. */
const hooksBy = (run: typeof runHandbook) => ({
  promptHook: (machine: Machine, prompt: string, session_id = "session-1") =>
    run(machine, ["hook", "prompt"], {
      input: JSON.stringify({
        session_id,
        transcript_path: "/nowhere/session-1.jsonl",
        cwd: machine.project,
        permission_mode: "default",
        hook_event_name: "UserPromptSubmit",
        prompt,
      }),
    }),

  /** Ends the turn of a transcript that is written out first; `said` is what the client hands over as the answer. */
  stopHook(machine: Machine, session: Session | string, said?: string, fields = {}): Promise<Run> {
    const path = typeof session === "string" ? session : transcriptOf(machine, session);
    return run(machine, ["hook", "stop"], {
      input: JSON.stringify({
        session_id: "session-1",
        transcript_path: path,
        cwd: machine.project,
        hook_event_name: "Stop",
        stop_hook_active: false,
        ...(said !== undefined && { last_assistant_message: said }),
        ...fields,
      }),
    });
  },
});
const { promptHook, stopHook } = hooksBy(runHandbook);
/** As processes, also where one waits: those in this process run one after the other. */
const built = hooksBy(runBuilt);

function transcriptOf(machine: Machine, session: Session): string {
  const path = join(machine.home, "session-1.jsonl");
  writeFileSync(path, session.text());
  return path;
}

async function ledgerOf<T>({ data }: Machine, read: (ledger: LedgerReads) => Promise<T>): Promise<T> {
  const ledger = await openSqliteLedger(join(data, "handbook.sqlite"));
  try {
    return await read(ledger);
  } finally {
    await ledger.close();
  }
}

const traces = (machine: Machine) =>
  ledgerOf(machine, async (ledger) =>
    ledger.traces((await ledger.recentTraces(100)).map(({ id }) => id).reverse()),
  );
const newestUse = (machine: Machine) =>
  ledgerOf(machine, (ledger) => ledger.latestUseOfConversation("session-1"));

/** A turn that calls a tool and answers "Fixed." */
function workedOn(prompt: string, session = claudeCodeSession()) {
  return session
    .prompt(prompt)
    .assistant("msg_1", [thinking("Which test?")], { output: 3, cacheRead: 900 }, { stop_reason: null })
    .assistant(
      "msg_1",
      [toolUse("toolu_1", "Bash", { command: "npm test" })],
      { output: 120, cacheRead: 900 },
      { stop_reason: "tool_use" },
    )
    .toolResult("toolu_1", "1 failed", { is_error: true })
    .assistant("msg_2", [text("Fixed.")], { output: 30, cacheRead: 950 });
}

/** Without starters: loading them costs a second, and nothing has to be found for a use to be logged. */
const bare = () => machine({ HANDBOOK_STARTERS: "off" });

const isSilent = { code: 0, stdout: "", stderr: "" };

describe.concurrent("hook prompt", () => {
  test("hands over what fits the prompt, with the use that it logged for the conversation", async () => {
    using user = machine();
    const { code, stdout, stderr } = await built.promptHook(user, TASK);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { hookSpecificOutput, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({});
    expect(hookSpecificOutput.hookEventName).toBe("UserPromptSubmit");
    const use = await newestUse(user);
    expect(use).toMatchObject({ task: TASK, agent: "claude-code hook", handbook: "default" });
    expect(use?.served.length).toBeGreaterThan(0);
    expect(hookSpecificOutput.additionalContext).toContain(`use_id ${use?.id}`);
    for (const { name } of use?.served ?? [])
      expect(hookSpecificOutput.additionalContext).toContain(`- ${name}: `);
  });

  test("the same prompt again goes on with the same task until its turn has ended, so it is not drawn again", async () => {
    using user = bare();
    await promptHook(user, TASK);
    const first = await newestUse(user);
    await promptHook(user, TASK);
    expect(await newestUse(user)).toMatchObject({ episode_id: first?.id });
    await stopHook(user, workedOn(TASK), "Fixed.");
    await promptHook(user, TASK);
    const next = await newestUse(user);
    expect(next?.episode_id).toBe(next?.id);
  });

  test("a prompt without a task gets nothing and leaves no use", async () => {
    using user = bare();
    await promptHook(user, TASK, "another-session"); // makes the ledger
    for (const prompt of ["yes, go ahead", "/compact", "<task-notification>b1</task-notification>", ""])
      expect(await promptHook(user, prompt)).toEqual(isSilent);
    expect(await newestUse(user)).toBeUndefined();
  });

  test("a prompt that nothing fits is told so with its use, or the agent would retrieve once more", async () => {
    using user = bare();
    const { stdout } = await promptHook(user, TASK);
    const use = await newestUse(user);
    expect(use).toMatchObject({ task: TASK, served: [] });
    const { additionalContext } = JSON.parse(stdout).hookSpecificOutput;
    expect(additionalContext).toContain(`use_id ${use?.id}`);
    expect(additionalContext).toContain("knows no procedure");
  });

  test("long behaviors are shortened to what the client passes on whole", async () => {
    using user = bare();
    const causes = ["clock", "network", "seed", "cache", "socket", "locale", "filesystem", "scheduler"];
    const behaviors = causes.map((cause) => ({
      name: `behavior_fix_flaky_tests_${cause}`,
      instruction: `Flaky tests of the parser: suspect the ${cause}. ${`Look at the ${cause}. `.repeat(150)}Then stop.`,
      when: "Flaky unit tests",
    }));
    const file = join(user.home, "long.json");
    writeFileSync(file, JSON.stringify({ format: "behavior-handbook/1", handbook: "default", behaviors }));
    await loadFile(user, file);
    const { stdout } = await promptHook(user, TASK);
    const context: string = JSON.parse(stdout).hookSpecificOutput.additionalContext;
    expect(context.length).toBeLessThan(10_000);
    expect(context).toContain("behavior_fix_flaky_tests_");
    expect(context).toContain("characters left out");
    expect(context).toContain("Then stop.");
  });

  test("a secret in the prompt does not reach the ledger", async () => {
    using user = bare();
    await promptHook(user, `${TASK} with the token ${SECRET}`);
    expect((await newestUse(user))?.task).toMatch(/with the token \[redacted: /);
  });

  test("a prompt with terminal colors, half a character and a megabyte is taken", async () => {
    using user = bare();
    const run = await promptHook(user, `\u001b[31m${TASK}\u001b[0m \ud800 ${"parser ".repeat(150_000)}`);
    expect(run.code).toBe(0);
    const use = await newestUse(user);
    expect(use?.task.startsWith(TASK)).toBe(true);
    expect(use?.task.length).toBeLessThanOrEqual(100_000);
  });
});

describe.concurrent("hook stop", () => {
  test("records the turn with the use of its prompt and its true tokens", async () => {
    using user = bare();
    await built.promptHook(user, TASK);
    expect(await built.stopHook(user, workedOn(TASK), "Fixed.")).toEqual(isSilent);
    const use = await newestUse(user);
    expect(await traces(user)).toMatchObject([
      {
        task: TASK,
        reasoning:
          'Thinking: Which test?\n\nTool Bash: {"command":"npm test"}\n\nResult (error): 1 failed\n\nFixed.',
        answer: "Fixed.",
        outcome: "unknown",
        evidence: "none",
        output_tokens: 150,
        input_tokens: 2 + 900 + 2 + 950,
        tokens_counted_by: "caller",
        model: "claude-opus-5",
        agent: "claude-code hook",
        use_id: use?.id,
        episode_id: use?.episode_id,
      },
    ]);
  });

  test("the same end twice is one trace", async () => {
    using user = bare();
    await promptHook(user, TASK);
    const session = workedOn(TASK);
    await stopHook(user, session, "Fixed.");
    session.system("stop_hook_summary", { hookCount: 1 });
    await stopHook(user, session, "Fixed.");
    expect(await traces(user)).toHaveLength(1);
  });

  test("a turn that goes on after its end is recorded again, whole", async () => {
    using user = bare();
    await promptHook(user, TASK);
    const session = workedOn(TASK);
    await stopHook(user, session, "Fixed.");
    session
      .user("<task-notification>b1 is done</task-notification>", { origin: { kind: "task-notification" } })
      .assistant("msg_3", [text("The build is green too.")], { output: 40 });
    await stopHook(user, session, "The build is green too.", { stop_hook_active: true });
    const [first, second] = await traces(user);
    expect(second?.output_tokens).toBe(190);
    expect(second?.episode_id).toBe(first?.episode_id);
    expect(second?.reasoning.startsWith(first?.reasoning ?? "-")).toBe(true);
  });

  test("names of behaviors count as cited where the agent wrote them, not where the handbook listed them", async () => {
    using user = machine();
    await promptHook(user, TASK);
    const [used = "", listed = ""] = (await newestUse(user))?.served.map(({ name }) => name) ?? [];
    const session = claudeCodeSession()
      .prompt(TASK)
      .attachment({ type: "hook_additional_context", hookEvent: "UserPromptSubmit", content: [listed] })
      .assistant("msg_1", [toolUse("toolu_1", "mcp__handbook__retrieve_behaviors", { task: TASK })], {
        output: 10,
      })
      .toolResult("toolu_1", JSON.stringify({ behaviors: [{ name: listed }] }))
      .assistant("msg_2", [text(`By ${used} I ran the nearest test.`)], { output: 10 });
    await stopHook(user, session, `By ${used} I ran the nearest test.`);
    const [trace] = await traces(user);
    const cited = await ledgerOf(user, (ledger) => ledger.citations(trace?.id ?? ""));
    expect(cited.map(({ name }) => name)).toEqual([used]);
  });

  test("talk is not recorded: no use, no tool call", async () => {
    using user = bare();
    await promptHook(user, "yes");
    const session = claudeCodeSession()
      .prompt("yes")
      .assistant("msg_1", [text("Good.")], { output: 5 });
    expect(await stopHook(user, session, "Good.")).toEqual(isSilent);
    expect(await traces(user)).toEqual([]);
  });

  test("a question that had a use is recorded without a tool call", async () => {
    using user = bare();
    await promptHook(user, TASK);
    const session = claudeCodeSession()
      .prompt(TASK)
      .assistant("msg_1", [text("Which one?")], { output: 5 });
    await stopHook(user, session, "Which one?");
    expect(await traces(user)).toMatchObject([{ reasoning: "Which one?", output_tokens: 5 }]);
  });

  test("work on a prompt without a task is recorded, and not counted to the use of an earlier prompt", async () => {
    using user = bare();
    await promptHook(user, TASK);
    const session = workedOn(TASK);
    await stopHook(user, session, "Fixed.");
    session
      .prompt("continue")
      .assistant("msg_3", [toolUse("toolu_3", "Bash", { command: "git commit" })], { output: 60 })
      .toolResult("toolu_3", "ok")
      .assistant("msg_4", [text("Committed.")], { output: 10 });
    await stopHook(user, session, "Committed.");
    const [, second] = await traces(user);
    expect(second).toMatchObject({ task: "continue", output_tokens: 70 });
    expect(second).not.toHaveProperty("use_id");
  });

  test("a secret in the transcript is taken out of every field", async () => {
    using user = bare();
    await promptHook(user, TASK);
    const session = claudeCodeSession()
      .prompt(`${TASK}, token ${SECRET}`)
      .assistant("msg_1", [toolUse("toolu_1", "Bash", { command: `curl -H "Bearer ${SECRET}"` })], {
        output: 9,
      })
      .toolResult("toolu_1", `token: ${SECRET}`)
      .assistant("msg_2", [text(`I used ${SECRET}.`)], { output: 9 });
    await stopHook(user, session, `I used ${SECRET}.`);
    const [trace] = await traces(user);
    expect(JSON.stringify(trace)).not.toContain(SECRET);
    expect(trace?.redacted).toEqual(["github"]);
    expect(trace?.answer).toMatch(/^I used \[redacted: github\]\.$/);
  });

  test("colors and control characters are cleaned, long results shortened", async () => {
    using user = bare();
    const session = claudeCodeSession()
      .prompt("Run it")
      .assistant("msg_1", [toolUse("toolu_1", "Bash", { command: "npm test" })], { output: 9 })
      .toolResult("toolu_1", `\u001b[31mred\u001b[0m\u0000 ${"line\n".repeat(10_000)}the end`)
      .assistant("msg_2", [text("Done \u202eevil.")], { output: 9 });
    await stopHook(user, session, "Done \u202eevil.");
    const [trace] = await traces(user);
    expect(trace?.reasoning).toContain("Result: red ");
    expect(trace?.reasoning).toContain("the end");
    expect(trace?.reasoning.length).toBeLessThan(2500);
    expect(trace?.answer).toBe("Done evil.");
  });

  test("more than 2 MB is cut in the middle", async () => {
    using user = bare();
    const session = claudeCodeSession().prompt("Write it all down");
    for (let i = 0; i < 30; i++)
      session.assistant(`msg_${i}`, [text(`part ${i}: ${"lorem ipsum ".repeat(10_000)}`)], { output: 9 });
    session.assistant("msg_end", [toolUse("t", "Bash", {}), text("The end.")], { output: 9 });
    expect(await stopHook(user, session, "The end.")).toEqual(isSilent);
    const [trace] = await traces(user);
    expect(trace?.reasoning.length).toBeLessThanOrEqual(2 * 1024 * 1024);
    expect(trace?.reasoning).toMatch(/^part 0:[\s\S]*characters left out[\s\S]*The end\.$/);
    expect(trace?.output_tokens).toBe(31 * 9);
  });

  test("a last message that the client writes late is waited for", async () => {
    using user = bare();
    await promptHook(user, TASK);
    const session = workedOn(TASK);
    const late = session.lines.pop();
    const path = transcriptOf(user, session);
    const stopped = built.stopHook(user, path, "Fixed.");
    setTimeout(() => appendFileSync(path, `${late}\n`), 700);
    expect(await stopped).toEqual(isSilent);
    expect(await traces(user)).toMatchObject([{ answer: "Fixed.", output_tokens: 150 }]);
  });

  test("a last message that never comes is taken from the client, and no count is claimed", async () => {
    using user = bare();
    await promptHook(user, TASK);
    const session = workedOn(TASK);
    session.lines.pop();
    expect(await built.stopHook(user, session, "Fixed.")).toEqual(isSilent);
    const [trace] = await traces(user);
    expect(trace).toMatchObject({ answer: "Fixed.", tokens_counted_by: "server" });
    expect(trace?.reasoning).toMatch(/1 failed\n\nFixed\.$/);
    expect(trace).not.toHaveProperty("input_tokens");
  });

  test("counts from before the end of a message are not passed on as true", async () => {
    using user = bare();
    const session = claudeCodeSession()
      .prompt("Run it")
      .assistant("msg_1", [toolUse("t", "Bash", {})], { output: 8 }, { stop_reason: null })
      .toolResult("t", "ok")
      .assistant("msg_2", [text("Done.")], { output: 8 }, { stop_reason: null });
    await stopHook(user, session, "Done.");
    expect(await traces(user)).toMatchObject([{ answer: "Done.", tokens_counted_by: "server" }]);
  });

  test("a transcript that does not have the turn yet is not mistaken for it", async () => {
    using user = bare();
    const earlier = workedOn("Earlier", claudeCodeSession({ startedAt: new Date(Date.now() - 60_000) }));
    await promptHook(user, TASK);
    const { code, stdout, stderr } = await built.stopHook(user, earlier, "Fixed.");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toMatch(/^handbook hook stop: BAD_FILE: [^\n]+\n$/);
    expect(await traces(user)).toEqual([]);
  });
});

describe.concurrent("a hook never breaks the session", () => {
  const oneLine = (hook: string, words: RegExp) => ({
    code: 0,
    stdout: "",
    stderr: expect.stringMatching(new RegExp(`^handbook hook ${hook}: ${words.source}[^\\n]*\\n$`)),
  });

  test.for([
    ["nothing", ""],
    ["garbage", "garbage \u0000 {"],
    ["no object", "[1]"],
    ["no session", '{"prompt":"Fix it"}'],
    ["a prompt that is no text", '{"session_id":"s","prompt":7}'],
  ])("by %s on stdin", async ([, input]) => {
    using user = bare();
    for (const hook of ["prompt", "stop"])
      expect(await runHandbook(user, ["hook", hook], { input: input ?? "" })).toEqual(
        oneLine(hook, /INVALID_INPUT: /),
      );
  });

  test("by a stdin that never ends", async () => {
    using user = bare();
    const started = performance.now();
    const ended = await runBuilt(user, ["hook", "prompt"], { input: "{", keepOpen: true });
    expect(ended).toEqual(oneLine("prompt", /INVALID_INPUT: /));
    expect(performance.now() - started).toBeLessThan(8000);
  });

  test("by arguments that another version would know", async () => {
    using user = bare();
    expect(await runHandbook(user, ["hook", "compact", "--deep", "x"])).toEqual(
      oneLine("compact", /INVALID_INPUT: /),
    );
    expect(await runHandbook(user, ["hook"])).toMatchObject({ code: 0, stdout: "" });
  });

  test("by a transcript that is missing or not named", async () => {
    using user = bare();
    expect(await built.stopHook(user, join(user.home, "none.jsonl"), "Done.")).toEqual(
      oneLine("stop", /BAD_FILE: /),
    );
    const input = JSON.stringify({ session_id: "session-1" });
    expect(await runHandbook(user, ["hook", "stop"], { input })).toEqual(oneLine("stop", /INVALID_INPUT: /));
  });

  test("by a transcript without anything to record", async () => {
    using user = bare();
    const empty = join(user.home, "empty.jsonl");
    writeFileSync(empty, "\n{broken\n");
    expect(await built.stopHook(user, empty)).toEqual(isSilent);
  });

  test("by a data directory that cannot be written", async () => {
    using user = bare();
    writeFileSync(user.data, "a file where the directory should be");
    expect(await built.promptHook(user, TASK)).toEqual(oneLine("prompt", /LEDGER_UNWRITABLE: /));
    expect(await built.stopHook(user, workedOn(TASK), "Fixed.")).toEqual(
      oneLine("stop", /LEDGER_UNWRITABLE: /),
    );
  });

  test("by a ledger that is damaged", async () => {
    using user = bare();
    mkdirSync(user.data);
    writeFileSync(join(user.data, "handbook.sqlite"), "x".repeat(10_000));
    expect(await promptHook(user, TASK)).toEqual(oneLine("prompt", /LEDGER_CORRUPT: /));
  });

  test("by a ledger that another process keeps locked", async () => {
    using user = bare();
    await promptHook(user, TASK);
    const other = new DatabaseSync(join(user.data, "handbook.sqlite"));
    other.exec("begin immediate");
    try {
      const started = performance.now();
      expect(await built.promptHook(user, TASK)).toEqual(oneLine("prompt", /LEDGER_BUSY: /));
      expect(performance.now() - started).toBeLessThan(9000);
    } finally {
      other.close();
    }
  });

  test("by a wrong setting", async () => {
    using user = machine({ HANDBOOK_REFLECT_TOKENS: "many" });
    expect(await promptHook(user, TASK)).toEqual(oneLine("prompt", /BAD_CONFIG: /));
  });
});

/** Loads a handbook file as the ports of the program would. */
async function loadFile(user: Machine, file: string): Promise<void> {
  const { loadHandbook } = await import("../../src/lifecycle/load.ts");
  const { HandbookFile } = await import("../../src/adapters/readers/handbook-json-reader.ts");
  const { createApp } = await import("../../src/app.ts");
  const { readConfig } = await import("../../src/config.ts");
  const { readFileSync } = await import("node:fs");
  const app = createApp(readConfig({ HANDBOOK_HOME: user.data, HANDBOOK_STARTERS: "off", ...UNDRAWN }));
  await loadHandbook(await app.ports(), HandbookFile.parse(JSON.parse(readFileSync(file, "utf8"))), "import");
  await app.close();
}
