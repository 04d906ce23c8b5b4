import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { random } from "../src/rules/random.ts";
import { connectTo, TRACE_CHARACTERS } from "./client.ts";
import { between, type Synthetic } from "./data.ts";
import { type Call, httpCaller, startHttp } from "./http-load.ts";
import { integrityFaults, storedTraces } from "./ledger.ts";
import { ENTRY, environment } from "./servers.ts";

export interface Fleet {
  /** Servers over stdio; beside them there is one over HTTP. */
  processes: number;
  /** Of all servers together; each is one to four calls that write, 1.8 on average. */
  attempts: number;
  /** Of the servers over stdio, as many die by SIGKILL at some moment. */
  kills: number;
}

export interface Outcome {
  /** Of traces and behaviors. */
  acknowledged: number;
  lost: number;
  duplicates: number;
  /** Acknowledged behaviors that the surviving server does not find by their own words. */
  unfound: number;
  killed: number;
  seconds: number;
  faults: string[];
}

const LOOKED_FOR = 50; // behaviors
const SEED = 11;

/**
 * Servers over stdio and one over HTTP write into one directory at once: traces, outcomes, and behaviors that were
 * learned from them. Half of them are killed meanwhile; what they had acknowledged must be there, once, and be found.
 */
export async function runFleet(
  home: string,
  made: Synthetic,
  { processes, attempts, kills }: Fleet,
): Promise<Outcome> {
  mkdirSync(home, { recursive: true });
  const set = environment({ HANDBOOK_HOME: home, HANDBOOK_STARTERS: "off", HANDBOOK_EMBEDDER: "none" });
  const began = performance.now();
  const http = await startHttp([ENTRY, "serve", "--http", "--port", "0"], set);
  const web = httpCaller(http.url);
  const launch = { args: [ENTRY], env: set };
  const agents = await Promise.all(Array.from({ length: processes }, () => connectTo(launch, "ignore")));
  const next = random(SEED);
  const traces = new Set<string>();
  const behaviors = new Map<string, string>();
  const faults: string[] = [];
  const killed = new Set<number>();
  const candidates = made.handbook.behaviors.values();
  let done = 0;

  async function write(call: Call, n: number): Promise<void> {
    const { trace_id } = await call("record_trace", {
      task: `${n}: ${made.task()}`,
      reasoning: made.reasoning(TRACE_CHARACTERS),
    });
    traces.add(String(trace_id));
    if (n % 3 === 1) await call("report_outcome", { trace_id, outcome: "success", evidence: "test" });
    const candidate = n % 4 === 2 ? candidates.next().value : undefined;
    if (candidate === undefined) return;
    const { reflection_id } = await call("reflect_and_extract", { trace_ids: [trace_id], by: "agent" });
    const { name, instruction, when = "", keywords = [], topic = "" } = candidate;
    const learned = [{ name, instruction, when, keywords: [...keywords], topic }];
    const answer = { reflection_id, reflection: "It went well.", behaviors: learned };
    const { decisions } = await call("submit_reflection", answer);
    for (const { name, decision } of decisions as { name: string; decision: string }[])
      if (decision === "add") behaviors.set(name, instruction);
  }

  const dueAt = agents
    .slice(0, kills)
    .map(({ pid }) => ({ pid, at: between(next, 1, Math.floor(attempts * 0.8)) }));
  async function work(call: Call, pid: number): Promise<void> {
    while (done < attempts && !killed.has(pid)) {
      const n = ++done;
      for (const { pid: victim, at } of dueAt) {
        if (n < at || killed.has(victim)) continue;
        killed.add(victim);
        setTimeout(() => process.kill(victim, "SIGKILL"), next() * 20);
      }
      await write(call, n).catch((error: unknown) => {
        if (!killed.has(pid)) faults.push(`a server that was not killed: ${String(error)}`);
      });
    }
  }
  const lanes = agents.map(({ call, pid }) =>
    work(async (name, given) => (await call(name, given)).structured, pid),
  );
  await Promise.all([...lanes, work(web.call, http.pid), work(web.call, http.pid)]);
  const seconds = (performance.now() - began) / 1000;

  let unfound = 0;
  for (const [name, instruction] of [...behaviors].slice(-LOOKED_FOR)) {
    const found = await web.call("retrieve_behaviors", { task: instruction, limit: 20 });
    if (!(found.behaviors as { name: string }[]).some((behavior) => behavior.name === name)) unfound++;
  }
  await Promise.all(agents.map(({ close }) => close().catch(() => {})));
  web.close();
  await http.end();
  const stored = storedTraces(home, TRACE_CHARACTERS);
  const { names, duplicates } = counted(home);
  const lost =
    [...traces].filter((id) => !stored.has(id)).length +
    [...behaviors.keys()].filter((name) => !names.has(name)).length;
  if (lost > 0) faults.push(`${lost} acknowledged traces and behaviors are lost`);
  if (duplicates > 0) faults.push(`${duplicates} attempts are stored more than once`);
  if (unfound > 0) faults.push(`${unfound} behaviors are not found`);
  faults.push(...integrityFaults(home));
  const acknowledged = traces.size + behaviors.size;
  return { acknowledged, lost, duplicates, unfound, killed: killed.size, seconds, faults };
}

function counted(home: string): { names: Set<string>; duplicates: number } {
  const ledger = new DatabaseSync(join(home, "handbook.sqlite"), { timeout: 10_000 });
  const names = new Set(
    ledger
      .prepare("select name from behaviors")
      .all()
      .map(({ name }) => String(name)),
  );
  const twice = ledger.prepare("select count(*) - count(distinct task) as n from traces").get();
  ledger.close();
  return { names, duplicates: Number(twice?.n) };
}
