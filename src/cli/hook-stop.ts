import { setTimeout as sleep } from "node:timers/promises";
import { flowOf } from "../adapters/readers/attempt.ts";
import { readLastTurn } from "../adapters/readers/claude-code-transcript-reader.ts";
import type { Turn } from "../adapters/readers/claude-code-turn.ts";
import { HandbookError } from "../errors.ts";
import { redacted } from "../lifecycle/handbooks.ts";
import { type Recording, recordTrace } from "../lifecycle/record.ts";
import { cleanText, cutMiddle } from "../model/text.ts";
import { MAX_ANSWER, MAX_REASONING } from "../model/trace.ts";
import type { Use } from "../model/use.ts";
import type { Ports } from "../ports.ts";
import type { HookInput } from "./hook.ts";
import { CLAUDE_CODE_HOOK, SLACK, taskOf } from "./hook-task.ts";
import { withPorts } from "./open.ts";

/** The client writes its transcript behind the session: at a Stop the last message may not be there yet. */
const FLUSH_MS = 2000;
const POLL_MS = 100;
/** Versions before 2.1.79 never say that a message is whole; when its text is there, the rest is not waited for long. */
const GRACE_MS = 300;

/**
 * Records the turn that has just ended, with the use that the prompt hook logged for it. A turn without a use and
 * without a tool call was talk, and is not recorded.
 *
 * A turn can end more than once: another hook, or a background task, may send the agent back to work. Each end is
 * recorded, from the prompt on, so the latest trace of an episode is the whole of it.
 */
export async function recordTurn(input: HookInput): Promise<void> {
  await withPorts(async (ports) => {
    const newest = await ports.ledger.latestUseOfConversation(input.session_id);
    const turn = await finishedTurn(input, newest);
    if (turn === undefined || !turn.steps.some(({ kind }) => kind === "text" || kind === "tool_call")) return;
    const use = newest !== undefined && (await isOfTurn(ports, newest, turn)) ? newest : undefined;
    if (use === undefined && !turn.steps.some(({ kind }) => kind === "tool_call")) return;
    await recordTrace(ports, { ...recordingOf(turn), ...(use && { use_id: use.id }) });
  });
}

/**
 * The last turn, once it is all there. Where it does not come in time, what the client said itself is added as its
 * end, and counts that would miss something are dropped.
 */
async function finishedTurn(input: HookInput, newest: Use | undefined): Promise<Turn | undefined> {
  const { transcript_path: path, last_assistant_message: said } = input;
  if (path === undefined) {
    throw new HandbookError("INVALID_INPUT", "the client names no transcript", {
      fix: "Report the client's version",
    });
  }
  const start = performance.now();
  for (;;) {
    const waited = performance.now() - start;
    const isLastTry = waited >= FLUSH_MS;
    const turn = await readLastTurn(path).catch((error: unknown) => {
      if (isLastTry) throw error; // the first turn of a session may come before its file
      return undefined;
    });
    const isBehind = newest !== undefined && isBefore(turn?.last, newest.created_at);
    if (turn !== undefined && !isBehind && endsWith(turn.answer, said)) {
      if (turn.isWhole || (said && waited >= GRACE_MS)) return turn;
    }
    if (isLastTry && isBehind) {
      throw new HandbookError("BAD_FILE", "the transcript does not have the turn yet that has just ended", {
        fix: "Nothing was recorded; look whether the client still writes the file that its hook names",
      });
    }
    if (isLastTry) return turn && withEnd(turn, said);
    await sleep(POLL_MS);
  }
}

function endsWith(answer: string, said: string | null | undefined): boolean {
  return squashed(answer).endsWith(squashed(said ?? ""));
}

function squashed(text: string): string {
  return text.replace(/\s+/g, "");
}

function withEnd(turn: Turn, said: string | null | undefined): Turn {
  if (!said || endsWith(turn.answer, said)) return turn;
  const { usage: _, ...rest } = turn;
  return { ...rest, steps: [...turn.steps, { kind: "text", text: said }], answer: said };
}

/** Whether a use was made for the prompt of this turn: between the turn before and the first answer, or for the same words. */
async function isOfTurn(ports: Ports, use: Use, turn: Turn): Promise<boolean> {
  if (!isBefore(use.created_at, turn.before) && isBefore(use.created_at, turn.firstAnswer)) return true;
  const { texts } = await redacted(ports, { task: taskOf(turn.prompt) });
  return texts.task === use.task;
}

/** Undefined is before nothing. */
function isBefore(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && Date.parse(a) < Date.parse(b);
}

function recordingOf({ prompt, steps, answer, model, usage }: Turn): Recording {
  return {
    task: taskOf(prompt),
    reasoning: cutMiddle(cleanText(flowOf(steps)), MAX_REASONING * SLACK),
    ...(answer !== "" && { answer: cutMiddle(cleanText(answer), MAX_ANSWER * SLACK) }),
    outcome: "unknown",
    evidence: "none",
    ...usage,
    ...(model !== undefined && { model: model.slice(0, 200) }),
    agent: CLAUDE_CODE_HOOK,
  };
}
