import { describe, expect, test } from "vitest";
import { readLines, tracesOf } from "./read-rows.ts";

describe("a run of τ-bench", () => {
  const traj = [
    { role: "system", content: "# Policy" },
    { role: "user", content: "Cancel it." },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "c", function: { name: "cancel", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "c", name: "cancel", content: "cancelled" },
    { role: "assistant", content: "It is cancelled." },
    { role: "user", content: "###STOP###" },
  ];
  const run = (reward: number) => ({
    task_id: 3,
    reward,
    info: {
      task: { user_id: "u", actions: [], instruction: "You want to cancel.", outputs: [] },
      source: "user",
    },
    traj,
    trial: 0,
  });

  test("is one trace, with what the user was told as its task and without the policy", async () => {
    expect(await tracesOf([run(1)])).toMatchObject([
      {
        task: "You want to cancel.",
        reasoning: "The user: Cancel it.\n\nTool cancel: {}\n\nResult: cancelled\n\nThe user: ###STOP###",
        answer: "It is cancelled.",
        outcome: "success",
        evidence: "checker",
      },
    ]);
  });

  test.each([
    [0.9999999, "success"],
    [0, "failure"],
    [0.5, "unknown"],
  ])("with the reward %d is a %s", async (reward, outcome) => {
    expect(await tracesOf([run(reward)])).toMatchObject([{ outcome }]);
  });

  test("that was repacked as messages is read alike, and one that broke off says so", async () => {
    const repacked = {
      task_id: 0,
      reward: 0,
      success: false,
      instruction: "You want.",
      messages: traj,
      model: "gpt-4o",
    };
    const broken = { task_id: 0, reward: 0, info: { error: "EOF", traceback: "…" }, traj: [], trial: 0 };
    expect(await readLines([repacked, broken])).toMatchObject([
      { format: "tau-bench", trace: { task: "You want.", outcome: "failure", model: "gpt-4o" } },
      { reason: "has no conversation: the run broke off with an error" },
    ]);
  });
});

describe("a run of SWE-agent", () => {
  const step = {
    thought: "Look first.\n",
    action: "ls -F\n",
    observation: "a.py",
    response: "…",
    state: {},
    query: [{}],
  };
  const run = {
    environment: "swe_main",
    trajectory: [step, { ...step, action: "", observation: "" }],
    history: [
      { role: "system", content: "You are an agent." },
      { role: "user", content: "A demonstration", is_demo: true },
      { role: "user", content: [{ type: "text", text: "Fix TimeDelta." }], message_type: "observation" },
    ],
    info: { exit_status: "submitted", model_stats: { tokens_sent: 900, tokens_received: 80 } },
  };

  test("is one trace of thoughts, actions and observations, with the problem that the agent was told", async () => {
    expect(await tracesOf([run])).toMatchObject([
      {
        task: "Fix TimeDelta.",
        reasoning: "Look first.\n\nTool action: ls -F\n\nResult: a.py",
        answer: "Look first.",
        outcome: "unknown",
        output_tokens: 80,
        input_tokens: 900,
        agent: "SWE-agent",
      },
    ]);
  });

  test("has the outcome that the file states, and no tokens where no model was asked", async () => {
    const stats = { tokens_sent: 0, tokens_received: 0 };
    const [trace] = await tracesOf([{ ...run, info: { resolved: false, model_stats: stats } }]);
    expect(trace).toMatchObject({ outcome: "failure", evidence: "checker", output_tokens: undefined });
  });

  test("takes its problem from the replay where that has it, and else its name", async () => {
    const replay_config = JSON.stringify({
      problem_statement: { text: "From the replay" },
      agent: { model: { name: "replay" } },
    });
    const bare = {
      id: "swe-1",
      exit_status: "submitted",
      steps: [{ thought: "t", action: "a", observation: "o" }],
    };
    expect(await tracesOf([{ ...run, replay_config }, bare])).toMatchObject([
      { task: "From the replay", model: "replay" },
      { task: "SWE-agent instance swe-1" },
    ]);
  });

  test("that did nothing is refused", async () => {
    expect(await readLines([{ id: "x", exit_status: null, steps: [] }])).toMatchObject([
      { reason: "has no steps: the run did nothing" },
    ]);
  });

  test("of mini-swe-agent keeps its messages", async () => {
    const mini = {
      trajectory_format: "mini-swe-agent-1.1",
      info: { exit_status: "Submitted", config: { model: { model_name: "m" } } },
      messages: [
        { role: "system", content: "s" },
        { role: "user", content: "Fix it." },
        { role: "assistant", content: "THOUGHT: look" },
        { role: "user", content: "<returncode>0</returncode>" },
      ],
    };
    expect(await tracesOf([mini])).toMatchObject([{ task: "Fix it.", model: "m", agent: "mini-swe-agent" }]);
  });
});
