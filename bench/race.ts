import { attempt, connect, TRACE_CHARACTERS } from "./client.ts";
import type { Synthetic } from "./data.ts";
import { integrityFaults, storedTraces } from "./ledger.ts";
import { type Summary, summarize, timed } from "./measure.ts";

const WRITERS = 8;
const TRACES = 200;

export interface Race {
  acknowledged: number;
  kept: number;
  /** Of one call among all writers. */
  latency: Summary;
  seconds: number;
  faults: string[];
}

/** Eight servers start at once on one directory that does not exist yet, and each records traces one by one. */
export async function raceWriters(home: string, made: Synthetic): Promise<Race> {
  const acknowledged: string[] = [];
  const latency: number[] = [];
  const faults: string[] = [];
  const writer = async () => {
    const agent = await connect(home);
    for (let i = 0; i < TRACES; i++) {
      const trace = attempt(made);
      const sent = performance.now();
      try {
        acknowledged.push(await agent.record(trace));
        latency.push(performance.now() - sent);
      } catch (error) {
        faults.push(`a writer of the race: ${String(error)}`);
      }
    }
    await agent.close();
  };
  const ms = await timed(() => Promise.all(Array.from({ length: WRITERS }, writer)));
  const stored = storedTraces(home, TRACE_CHARACTERS);
  const kept = acknowledged.filter((id) => stored.has(id)).length;
  if (stored.size !== acknowledged.length) {
    faults.push(`the race acknowledged ${acknowledged.length} traces and ${stored.size} are stored`);
  }
  faults.push(...integrityFaults(home).map((fault) => `after the race: ${fault}`));
  return {
    acknowledged: new Set(acknowledged).size,
    kept,
    latency: summarize(latency),
    seconds: ms / 1000,
    faults,
  };
}
