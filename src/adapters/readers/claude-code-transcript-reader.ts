import { open } from "node:fs/promises";
import { HandbookError } from "../../errors.ts";
import { type Entry, promptOf, readEntry, type UserEntry } from "./claude-code-transcript-entry.ts";
import { type Turn, TurnBuilder } from "./claude-code-turn.ts";
import { linesFromEnd } from "./lines-from-end.ts";

/**
 * Reads the last turn of a Claude Code transcript: JSON Lines, appended while the session runs. Undefined when it
 * has no prompt of a user. Lines that are broken or of unknown kinds are passed over, subagents and the client's own
 * messages left out.
 *
 * A message is written as one line per content block, all under its `message.id`. Its usage is repeated on every line
 * and grows while the message streams; the last line has the true count, and a `stop_reason`. Versions before
 * 2.1.79 wrote snapshots only, with `stop_reason: null`: such counts are not passed on.
 *
 * Source: code.claude.com/docs/en/hooks (fields and delays of the transcript); anthropics/claude-code#22686 and
 * #27361 (snapshots), titeya/dms-claudecode#52 and spm1001/deglacer (repeated usage, measured on 71,460 and 5,193
 * messages), waveterm pkg/agentsessions (which lines are prompts). `input_tokens` is what was not cached: what a
 * model read is that + cache_creation_input_tokens + cache_read_input_tokens (Anthropic, prompt caching).
 *
 * Throws: BAD_FILE when the file cannot be read.
 */
export async function readLastTurn(path: string): Promise<Turn | undefined> {
  try {
    await using file = await open(path);
    return await lastTurn(linesFromEnd(file));
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause)) throw cause; // not from the file system
    throw new HandbookError("BAD_FILE", "the transcript of the session cannot be read", {
      fix: "Look whether the client still writes it, at the path that its hook hands over",
      cause,
    });
  }
}

async function lastTurn(lines: AsyncIterable<string>): Promise<Turn | undefined> {
  const backwards: Entry[] = [];
  let start: { prompt: string; entry: UserEntry } | undefined;
  let isOutputOfCommand = false; // a command that the client ran by itself stands above its output
  for await (const line of lines) {
    const entry = readEntry(line);
    if (entry === undefined || entry.isSidechain) continue;
    if (start !== undefined) {
      if (entry.timestamp === undefined || entry.type === "attachment") continue;
      return turnOf(start.prompt, backwards.reverse(), entry.timestamp);
    }
    if (entry.type === "assistant") isOutputOfCommand = false;
    if (entry.type === "user") {
      const found = promptOf(entry);
      if (found.kind === "command output") isOutputOfCommand = true;
      if (found.kind === "prompt" || (found.kind === "command" && !isOutputOfCommand)) {
        start = { prompt: found.text, entry };
        continue;
      }
    }
    backwards.push(entry);
  }
  return start === undefined ? undefined : turnOf(start.prompt, backwards.reverse());
}

function turnOf(prompt: string, entries: readonly Entry[], before?: string): Turn {
  const turn = new TurnBuilder(prompt, before);
  for (const entry of entries) turn.add(entry);
  return turn.finished();
}
