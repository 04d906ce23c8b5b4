import { attemptRead } from "./attempt.ts";
import { entryOf, promptOf } from "./claude-code-transcript-entry.ts";
import { TurnBuilder } from "./claude-code-turn.ts";
import { HeldTurns, takenBack } from "./held-turns.ts";
import { given, isRow, type Row, type TraceRead, type TranscriptReader, word } from "./trace-row.ts";

/** Subagents that may be at work at the same time; beyond it the one that has been silent longest is done. */
const MOST_SUBAGENTS = 16;

/** Whether a row is a line of a session log. */
export function isClaudeCodeRow(row: Row): boolean {
  if (typeof row.type !== "string") return false;
  const isMessage = isRow(row.message) && typeof row.uuid === "string";
  const isOther = typeof row.sessionId === "string" || typeof row.leafUuid === "string";
  return isMessage || isOther || row.type === "file-history-snapshot";
}

interface Open {
  place: string;
  turn: TurnBuilder;
  entries: Set<string>;
  isCommand: boolean;
}

/**
 * Reads a session log of Claude Code: one trace per prompt of the user that the agent worked on, by a tool or in
 * thought. A log is a tree: who goes back to an earlier prompt makes a branch. The branch that the session went on
 * with is read; turns of the others were taken back, and are told as refused. Subagents are apart, each run a trace
 * of its own, with what the agent asked as its task.
 *
 * A branch is told by prompts only: calls of several tools at once make branches too, of which all count.
 *
 * Source: as in claude-code-transcript-reader.ts; `parentUuid`, `isSidechain` and `agentId` (subagents, in
 * `<session>/subagents/` since 2.1.2) by the logs themselves and by public readers of them.
 */
export function claudeCodeReader(): TranscriptReader {
  const held = new HeldTurns();
  const beforeAll = new Set<string>();
  const subagents = new Map<string, Open>();
  const subagentOf = new Map<string, string>();
  let main: Open | undefined;
  let isTree = false;

  const opened = (place: string, prompt: string, isCommand: boolean): Open => ({
    place,
    turn: new TurnBuilder(prompt),
    entries: new Set(),
    isCommand,
  });

  /** What a prompt that goes on after `parent` leaves behind. */
  function* leave(parent: unknown): Generator<TraceRead> {
    const isAfter = typeof parent === "string" ? held.after(parent) : undefined;
    const isNewStart = isTree && (parent === null || (typeof parent === "string" && beforeAll.has(parent)));
    if (main === undefined) {
      if (isAfter) yield* held.takeBack(isAfter);
      return;
    }
    const done = readOf(main, "claude-code");
    const isLast = typeof parent === "string" && main.entries.has(parent);
    if (!isLast && (isAfter !== undefined || isNewStart)) {
      yield* isNewStart ? held.takeBack(Number.MAX_SAFE_INTEGER) : held.takeBack(isAfter ?? 0);
      yield takenBack(done);
    } else yield* held.add(done, main.entries);
    main = undefined;
  }

  function* takeSubagent(place: string, row: Row, uuid: string): Generator<TraceRead> {
    const key = given(row.agentId) ?? subagentOf.get(word(row.parentUuid)) ?? uuid;
    if (given(row.agentId) === undefined) subagentOf.set(uuid, key);
    const entry = entryOf(row);
    if (entry === undefined) return;
    const found = entry.type === "user" ? promptOf(entry) : undefined;
    const open = subagents.get(key);
    subagents.delete(key); // who spoke last stands last
    if (found?.kind === "prompt") {
      if (open !== undefined) yield readOf(open, "claude-code subagent");
      subagents.set(key, opened(place, found.text, false));
    } else if (open !== undefined) {
      open.turn.add(entry);
      subagents.set(key, open);
    }
    const [silent] = subagents;
    if (silent === undefined || subagents.size <= MOST_SUBAGENTS) return;
    subagents.delete(silent[0]);
    yield readOf(silent[1], "claude-code subagent");
  }

  /** Before subagents had ids, none was at work beyond its turn. */
  function* endSubagents(): Generator<TraceRead> {
    for (const open of subagents.values()) yield readOf(open, "claude-code subagent");
    subagents.clear();
    subagentOf.clear();
  }

  return {
    *take(place, row) {
      const uuid = typeof row.uuid === "string" ? row.uuid : "";
      if (row.isSidechain === true) return yield* takeSubagent(place, row, uuid);
      const isKnown = (id: string) => main?.entries.has(id) || held.has(id) || beforeAll.has(id);
      if (uuid !== "" && isKnown(uuid)) return; // written again
      isTree ||= typeof row.parentUuid === "string" && isKnown(row.parentUuid) === true;
      const entry = entryOf(row);
      if (entry !== undefined) {
        const found = entry.type === "user" ? promptOf(entry) : { kind: "nothing" as const };
        if (found.kind === "prompt" || found.kind === "command") {
          yield* leave(row.parentUuid);
          if (subagentOf.size > 0) yield* endSubagents();
          main = opened(place, found.text, found.kind === "command");
        } else if (found.kind === "command output" && main?.isCommand && main.turn.isEmpty) {
          yield* held.add({ place: main.place, reason: "is a command of the client" }, main.entries);
          main = undefined;
        } else main?.turn.add(entry);
      }
      if (uuid !== "") (main?.entries ?? beforeAll).add(uuid);
    },
    *end() {
      yield* held.all();
      if (main !== undefined) yield readOf(main, "claude-code");
      yield* endSubagents();
    },
  };
}

function readOf({ place, turn }: Open, agent: string): TraceRead {
  const { prompt, steps, model, usage } = turn.finished();
  const isWork = steps.some(({ kind }) => kind === "tool_call" || kind === "thinking");
  if (!isWork) return { place, reason: "is talk: no tool was called and no thought is written" };
  return attemptRead(place, { task: prompt, steps, model, agent, ...usage });
}
