import { attemptRead, type Step } from "./attempt.ts";
import { type Message, messagesOf, messageText } from "./chat-messages.ts";
import { attemptOf } from "./chat-reader.ts";
import {
  countOf,
  firstText,
  given,
  inner,
  isRow,
  listOf,
  outcomeOf,
  type Row,
  type TraceRead,
  word,
} from "./trace-row.ts";

/** Whether a row is a run of SWE-agent, or of mini-swe-agent, which keeps messages instead of steps. */
export function isSweAgentRow(row: Row): boolean {
  const steps = stepsIn(row);
  return steps !== undefined || isMini(row);
}

/**
 * Reads a run of SWE-agent: one trajectory, one trace, of thoughts, actions and observations. Its task is the problem
 * statement, as the file has it or as the agent was told it; where a file has neither, the name of the instance
 * stands for it. `submitted` is how a run ends, not whether its patch is right: an outcome is only what the file says
 * of one (`resolved`, a reward). `model_stats` has the tokens.
 *
 * Source: SWE-agent/SWE-agent, sweagent/types.py (`TrajectoryStep`, `HistoryItem`, `AgentInfo`) and
 * docs/usage/trajectories.md; SWE-agent/mini-swe-agent, agents/default.py (`trajectory_format`, `messages`, `info`).
 */
export function readSweAgent(place: string, row: Row): TraceRead[] {
  const info = inner(row.info);
  const stats = inner(info.model_stats);
  const list = stepsIn(row) ?? [];
  if (list.length === 0 && !isMini(row)) return [{ place, reason: "has no steps: the run did nothing" }];
  const told = isMini(row) ? attemptOf(miniMessages(row)) : { steps: list.flatMap(stepsOf) };
  const [instance] = ["instance_id", "id", "environment"].map((key) => given(row[key])).filter(Boolean);
  const task =
    problemOf(row) ??
    given(told.task) ??
    (instance === undefined ? undefined : `SWE-agent instance ${instance}`);
  const outcome = outcomeOf(row) === "unknown" ? outcomeOf(info) : outcomeOf(row);
  const output_tokens = countOf(stats.tokens_received) || undefined; // 0 in replays, which ask no model
  return [
    attemptRead(place, {
      ...told,
      task,
      outcome,
      output_tokens,
      input_tokens: output_tokens === undefined ? undefined : countOf(stats.tokens_sent),
      model: modelOf(row, info),
      agent: isMini(row) ? "mini-swe-agent" : "SWE-agent",
    }),
  ];
}

/** `trajectory` in the agent's own files, `steps` in collections of them. */
function stepsIn(row: Row): readonly unknown[] | undefined {
  for (const list of [row.trajectory, row.steps]) {
    if (!Array.isArray(list)) continue;
    const [first] = list;
    const isEmptyRun = first === undefined && ("exit_status" in row || "info" in row);
    if (isEmptyRun || (isRow(first) && ("observation" in first || ("action" in first && "thought" in first))))
      return list;
  }
  return undefined;
}

function isMini(row: Row): boolean {
  return Array.isArray(row.messages) && word(row.trajectory_format).startsWith("mini-swe-agent");
}

function miniMessages(row: Row): Message[] {
  return messagesOf(row.messages).filter(({ role }) => role !== "system");
}

function stepsOf(value: unknown): Step[] {
  const step = inner(value);
  const action = given(step.action);
  const thought = given(step.thought) ?? (action === undefined ? given(step.response) : undefined);
  const observation = given(step.observation);
  const thinking = listOf(step.thinking_blocks).flatMap((block) => given(inner(block).thinking) ?? []);
  return [
    ...thinking.map((text): Step => ({ kind: "thinking", text })),
    ...(thought === undefined ? [] : [{ kind: "text" as const, text: thought.trim() }]),
    ...(action === undefined ? [] : [{ kind: "tool_call" as const, name: "action", input: action.trim() }]),
    ...(observation === undefined
      ? []
      : [{ kind: "tool_result" as const, name: "action", text: observation, isError: false }]),
  ];
}

/** The problem as the file states it; else the first message to the agent that is no demonstration. */
function problemOf(row: Row): string | undefined {
  const replay = inner(parsedOf(row.replay_config)).problem_statement;
  const stated = [row.problem_statement, replay].map((value) =>
    isRow(value) ? firstText(value, ["text", "problem_statement"]) : given(value),
  );
  const [problem] = stated.filter((text) => text !== undefined);
  if (problem !== undefined) return problem;
  const [message] = messagesOf(
    listOf(row.history).filter((item) => inner(item).is_demo !== true && inner(item).role === "user"),
  );
  return message === undefined ? undefined : given(messageText(message));
}

/** Written as JSON text since version 1.1. */
function parsedOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function modelOf(row: Row, info: Row): string | undefined {
  const config = inner(inner(info.config).model);
  const replay = inner(inner(inner(parsedOf(row.replay_config)).agent).model);
  const [name] = [row.model, row.model_name, config.model_name, replay.name].flatMap(
    (value) => given(value) ?? [],
  );
  return name;
}
