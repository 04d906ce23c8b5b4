import { attemptRead } from "./attempt.ts";
import { messagesOf } from "./chat-messages.ts";
import { attemptOf } from "./chat-reader.ts";
import { firstText, given, inner, outcomeOf, type Row, type TraceRead } from "./trace-row.ts";

const EXACT = 1e-6;

/** Whether a row is a run of τ-bench: its conversation beside the reward. */
export function isTauBenchRow(row: Row): boolean {
  const isRun = Array.isArray(row.traj) || (Array.isArray(row.messages) && "task_id" in row);
  return isRun && typeof row.reward === "number";
}

/**
 * Reads a run of τ-bench: one conversation, one trace. The task is the instruction that the simulated user was given,
 * where the row has it (`info.task.instruction`), else what they say first. The reward is the benchmark's own check:
 * 1 is a success, 0 a failure. A run that broke off has no conversation, and the row says why.
 *
 * Source: sierra-research/tau-bench, tau_bench/types.py (`EnvRunResult`: task_id, reward, info, traj, trial) and
 * run.py, which writes an array of them; messages are those of litellm, in OpenAI's format.
 */
export function readTauBench(place: string, row: Row): TraceRead[] {
  const info = inner(row.info);
  const messages = messagesOf(row.traj ?? row.messages).filter(({ role }) => role !== "system");
  if (messages.length === 0) {
    const why = given(info.error) === undefined ? "" : ": the run broke off with an error";
    return [{ place, reason: `has no conversation${why}` }];
  }
  const instruction = given(inner(info.task).instruction) ?? firstText(row, ["instruction"]);
  // Where the instruction is the task, what the user says first is a part of the conversation as well.
  const attempt =
    instruction === undefined
      ? attemptOf(messages)
      : { ...attemptOf(messages), task: instruction, steps: messages.flatMap(({ steps }) => steps) };
  const reward = typeof row.reward === "number" ? row.reward : Number.NaN;
  const isFull = Math.abs(reward - 1) <= EXACT;
  return [
    attemptRead(place, {
      ...attempt,
      outcome: outcomeOf({ reward: isFull ? 1 : reward }),
      model: firstText(row, ["model"]) ?? firstText(info, ["model"]),
      agent: firstText(row, ["agent"]) ?? firstText(info, ["agent"]),
    }),
  ];
}
