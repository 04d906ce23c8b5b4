import { statSync } from "node:fs";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { type Random, random } from "../src/rules/random.ts";
import { type Agent, attempt, connect, TRACE_CHARACTERS } from "./client.ts";
import { between, type Synthetic } from "./data.ts";
import { emptyLog, integrityFaults, logFile, storedTraces } from "./ledger.ts";

const ROUNDS = 20;
const IN_FLIGHT = 4;
const LONGEST_MS = 1000; // of a writer that is killed at any moment
const BURSTS = 5; // at most, answered before the one that the kill goes into
const SEEN_WITHIN_MS = 200;
const LATEST_MS = 0.3; // after the log began to grow
const SEED = 3;

export interface Kill {
  acknowledged: number;
  /** Acknowledged and not stored whole after a kill. */
  lost: number;
  /** Stored, but the writer was killed before it could say so: allowed, and a sign that kills hit commits. */
  unanswered: number;
  /** Kills sent while the log file was growing, of half the rounds. */
  insideCommit: number;
  faults: string[];
}

/**
 * Writers with several requests in flight die by SIGKILL, half of them at any moment, half as soon as the log file
 * has grown: then a commit has begun and not ended. After each, the next start must serve and everything that was
 * acknowledged must be there.
 */
export async function killWriters(home: string, made: Synthetic): Promise<Kill> {
  const next = random(SEED);
  const acknowledged = new Set<string>();
  const lost = new Set<string>();
  const faults: string[] = [];
  let insideCommit = 0;
  const check = () => {
    const stored = storedTraces(home, TRACE_CHARACTERS);
    for (const id of acknowledged) if (!stored.has(id)) lost.add(id);
    faults.push(...integrityFaults(home).map((fault) => `after a kill: ${fault}`));
    return stored.size;
  };
  let stored = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    // The product meets what the kill left, before the check's own connection does.
    const agent = await connect(home);
    await agent.retrieve(made.task());
    stored = check();
    if (round === ROUNDS) await agent.close();
    else {
      emptyLog(home);
      const writer = killable(agent, made, acknowledged, faults);
      await writer.record(); // loads what only the first one waits for
      if (round % 2 === 0) await killAtAnyMoment(writer, next);
      else if (await killInsideCommit(logFile(home), writer, next)) insideCommit++;
    }
  }
  if (lost.size > 0) faults.push(`${lost.size} acknowledged traces are gone after a kill`);
  return {
    acknowledged: acknowledged.size,
    lost: lost.size,
    unanswered: stored - acknowledged.size,
    insideCommit,
    faults,
  };
}

interface Writer {
  record(): Promise<void>;
  isKilled(): boolean;
  kill(): void;
}

/** A writer that may fail once it has been told to die, and not before. */
function killable(agent: Agent, made: Synthetic, acknowledged: Set<string>, faults: string[]): Writer {
  let killed = false;
  return {
    async record() {
      try {
        acknowledged.add(await agent.record(attempt(made)));
      } catch (error) {
        if (!killed) faults.push(`a writer that was not yet killed: ${String(error)}`);
      }
    },
    isKilled: () => killed,
    kill() {
      killed = true;
      process.kill(agent.pid, "SIGKILL");
    },
  };
}

async function killAtAnyMoment({ record, isKilled, kill }: Writer, next: Random): Promise<void> {
  const recording = Array.from({ length: IN_FLIGHT }, async () => {
    while (!isKilled()) await record();
  });
  await sleep(next() * LONGEST_MS);
  kill();
  await Promise.all(recording);
}

/** False when no commit was seen to begin, so that the kill was sent at some other moment. */
async function killInsideCommit(log: string, { record, kill }: Writer, next: Random): Promise<boolean> {
  const burst = () => Promise.all(Array.from({ length: IN_FLIGHT }, record));
  for (let i = between(next, 0, BURSTS); i > 0; i--) await burst();
  const size = () => statSync(log).size;
  const last = burst();
  await turn(); // by then the requests are in the pipe
  const before = size();
  const start = performance.now();
  // No turn of the event loop in between: it would take longer than the commit.
  while (size() === before && performance.now() - start < SEEN_WITHIN_MS);
  const seen = performance.now();
  const pause = next() * LATEST_MS;
  while (performance.now() - seen < pause);
  kill();
  await last;
  return seen - start < SEEN_WITHIN_MS;
}
