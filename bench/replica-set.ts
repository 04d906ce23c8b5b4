import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { openPostgresLedger } from "../src/adapters/sql/postgres-ledger.ts";
import { createKey } from "../src/lifecycle/admit.ts";
import type { Candidate } from "../src/model/reflection.ts";
import type { Ledger } from "../src/ports.ts";
import { random } from "../src/rules/random.ts";
import { startEmbeddingServer } from "../test/embedding-server.ts";
import { hashVector } from "../test/hash-embedder.ts";
import { eventually, storedIds, wantedIds } from "../test/lance.ts";
import { startS3 } from "../test/s3-server.ts";
import type { Synthetic } from "./data.ts";
import { Replica, Visitor } from "./replica.ts";
import { environment } from "./servers.ts";

export interface ReplicaSet {
  replicas: number;
  clients: number;
  /** Of all clients together. Each is two calls that write; of every third one something is learned, which is two more. */
  tasks: number;
  /** Of servers, one after the other; each starts again on its own directory. Every other one had its turn at the index. */
  kills: number;
}

export interface Outcome {
  /** Of uses, traces and decisions. */
  acknowledged: number;
  lost: number;
  /** Traces, names, and candidates of one name that are stored more than once. */
  duplicates: number;
  /** Instructions that two clients proposed at the same moment under two names, and how many are stored under both. */
  twins: number;
  twinsStored: number;
  /** Rows of the index by meaning that the ledger does not ask for, or that are missing. */
  indexFaults: number;
  indexRows: number;
  /** Milliseconds of the clients' own questions, beside which the next figures are to be seen. */
  answered: number[];
  /** From a submission's answer until another server served what it added: by its words, and by its meaning alone. */
  visible: number[];
  visibleByMeaning: number[];
  /** The same when the clients are done and the servers idle. */
  visibleCalm: number[];
  meaningCalm: number[];
  /** Not by meaning within 20 s: it is waited for briefly, and a machine that is overloaded answers without. */
  unseenByMeaning: number;
  /** Of those by words, those that the first question did not find. */
  askedAgain: number;
  killed: number;
  /** Calls that were sent again since their server had died. */
  retried: number;
  /** After the last answer, until the index had read all. */
  caughtUpMs: number;
  seconds: number;
  faults: string[];
}

interface Learned {
  reflection_id: string;
  candidate: Candidate;
  /** Absent where the answer was lost: a later try was told that it had been submitted before. */
  decision?: { name: string; decision: string } | undefined;
}

const SEED = 17;
const REASONING = 2048; // characters
const DOWN_MS = 300;
const CALM = 6; // submissions
const LATEST_MS = 15_000;
const LATEST_BY_MEANING_MS = 20_000; // the turn of a killed process runs out in between
const CATCH_UP_MS = 45_000;
const WORD = "kiru";
const OTHER_WORD = "moqa"; // means the same to the embedder, and shares no word

/**
 * Real servers on one PostgreSQL, one object storage and one embedder, each with a directory of its own as on machines of
 * their own, and clients that retrieve, record, reflect and submit while servers die and come back.
 */
export async function runReplicas(
  directory: string,
  databaseUrl: string,
  made: Synthetic,
  { replicas: count, clients, tasks, kills }: ReplicaSet,
): Promise<Outcome> {
  await using s3 = await startS3();
  await using embedder = await startEmbeddingServer([], (texts) =>
    texts.map((text, index) => ({ index, embedding: meaningOf(text) })),
  );
  const replicas = Array.from({ length: count }, (_, i) => {
    const home = join(directory, `machine-${i}`);
    mkdirSync(home, { recursive: true });
    const set = {
      ...{ HANDBOOK_HOME: home, HANDBOOK_DATABASE_URL: databaseUrl, HANDBOOK_STARTERS: "off" },
      ...{ HANDBOOK_INDEX_URI: "s3://bucket/index", ...s3.environment },
      ...{ HANDBOOK_EMBEDDER: "openai", HANDBOOK_EMBEDDER_MODEL: "hash", HANDBOOK_EMBEDDER_KEY: "none" },
      ...{ HANDBOOK_EMBEDDER_URL: embedder.baseUrl, HANDBOOK_EMBEDDER_WAIT_MS: "1000" },
      HANDBOOK_RATE_LIMIT: "1000000",
    };
    return new Replica(environment(set));
  });
  const watchers: Visitor[] = [];
  const agents: Visitor[] = [];
  let ledger: Ledger | undefined;
  try {
    await Promise.all(replicas.map((replica) => replica.start())); // all of them find no tables yet
    ledger = await openPostgresLedger(databaseUrl);
    const key = await newKey(ledger);
    for (let i = 0; i < clients; i++) agents.push(new Visitor(replicas, i, key, i % 2 === 0 ? "new" : "old"));
    for (let i = 0; i < count; i++) watchers.push(new Visitor(replicas, i, key, "new"));
    return await play({ ledger, replicas, agents, watchers, s3, databaseUrl, made, tasks, kills });
  } finally {
    for (const visitor of [...agents, ...watchers]) await visitor.close();
    await Promise.all(replicas.map((replica) => replica.end()));
    await ledger?.close();
  }
}

interface Stage {
  ledger: Ledger;
  replicas: Replica[];
  agents: Visitor[];
  watchers: Visitor[];
  s3: Awaited<ReturnType<typeof startS3>>;
  databaseUrl: string;
  made: Synthetic;
  tasks: number;
  kills: number;
}

async function play(stage: Stage): Promise<Outcome> {
  const { ledger, replicas, agents, watchers, s3, databaseUrl, made, tasks, kills } = stage;
  const faults: string[] = [];
  const uses = new Set<string>();
  const traces = new Map<string, { task: string; use_id: string }>();
  const learned: Learned[] = [];
  const twins: { instruction: string; names: string[] }[] = [];
  const answered: number[] = [];
  const visible: number[] = [];
  const visibleCalm: number[] = [];
  const visibleByMeaning: number[] = [];
  const meaningCalm: number[] = [];
  const watching: Promise<void>[] = [];
  const behaviors = made.handbook.behaviors.values();
  let [done, askedAgain, unseenByMeaning, killed] = [0, 0, 0, 0];
  let isCalm = false;
  const began = performance.now();

  async function attempt(agent: Visitor, task: string): Promise<string> {
    const asked = performance.now();
    const { use_id } = await agent.call("retrieve_behaviors", { task });
    answered.push(performance.now() - asked);
    uses.add(String(use_id));
    if (traces.size % 4 === 0) agent.moveOn(); // the use comes back to another machine
    const { trace_id } = await agent.call("record_trace", {
      ...{ task, use_id, reasoning: made.reasoning(REASONING), outcome: "success", evidence: "test" },
    });
    traces.set(String(trace_id), { task, use_id: String(use_id) });
    return String(trace_id);
  }

  async function reflect(agent: Visitor, trace_id: string): Promise<string> {
    const opened = await agent.call("reflect_and_extract", { trace_ids: [trace_id], by: "agent" });
    return String(opened.reflection_id);
  }

  async function submit(agent: Visitor, reflection_id: string, candidate: Candidate): Promise<void> {
    const given = { reflection_id, reflection: "It went well.", behaviors: [candidate] };
    const triesBefore = agent.retried;
    try {
      const { decisions } = await agent.call("submit_reflection", given);
      const [decision] = decisions as { name: string; decision: string }[];
      learned.push({ reflection_id, candidate, decision });
      if (decision?.decision === "add") watch(agent.at, candidate, performance.now());
    } catch (error) {
      if (agent.retried === triesBefore || !/submitted before/.test(String(error))) throw error;
      learned.push({ reflection_id, candidate });
    }
  }

  /** Asks the other servers for what was just learned, by its words at once and by its meaning until it is there. */
  function watch(from: number, { name, instruction }: Candidate, since: number): void {
    const [words, meaning] = isCalm ? [visibleCalm, meaningCalm] : [visible, visibleByMeaning];
    const word = codeWord(instruction);
    const pause = isCalm ? 20 : 1000; // many ask at once
    for (const [at, watcher] of watchers.entries()) {
      const replica = replicas[at];
      if (at === from || replica === undefined || !replica.isUp) continue;
      const life = replica.lives;
      const look = async (task: string, within: number, pause: number, into: number[]) => {
        for (let answers = 0; ; ) {
          const found = await watcher.once("retrieve_behaviors", { task, limit: 20 }).catch(() => undefined);
          if (!replica.isUp || replica.lives !== life) return; // it died, which is no answer
          const served = (found?.behaviors ?? []) as { name: string; instruction: string }[];
          if (found !== undefined) answers++; // not where its connection was to an earlier life
          const ms = performance.now() - since;
          // Of twins that were both stored, one is served.
          if (served.some((one) => one.name === name || one.instruction === instruction)) {
            into.push(ms);
            if (answers > 1 && into === words) askedAgain++;
            return;
          }
          if (ms > within) {
            if (into === meaning) unseenByMeaning++;
            else faults.push(`server ${at} does not find ${name} after ${within} ms`);
            return;
          }
          await sleep(pause);
        }
      };
      watching.push(look(instruction, LATEST_MS, 0, words));
      if (at === (from + 1) % replicas.length)
        watching.push(look(`${OTHER_WORD}${word}`, LATEST_BY_MEANING_MS, pause, meaning));
    }
  }

  async function learn(agent: Visitor, n: number, trace_id: string): Promise<void> {
    const candidate = candidateOf(behaviors.next().value, n);
    const reflection = await reflect(agent, trace_id);
    if (n % 2 === 0) return submit(agent, reflection, candidate);
    // Another client, on another machine, proposes the same at the same moment: by this name, or by another one.
    const partner = agents[(n + 1) % agents.length];
    if (partner === undefined || partner === agent) return submit(agent, reflection, candidate);
    const twin = n % 4 === 1 ? candidate : { ...candidate, name: `${candidate.name}_again` };
    if (twin !== candidate)
      twins.push({ instruction: candidate.instruction, names: [candidate.name, twin.name] });
    const other = await reflect(partner, await attempt(partner, `${n} again: ${made.task()}`));
    await Promise.all([submit(agent, reflection, candidate), submit(partner, other, twin)]);
  }

  async function work(agent: Visitor): Promise<void> {
    while (done < tasks) {
      const n = ++done;
      try {
        const trace = await attempt(agent, `${n}: ${made.task()}`);
        if (n % 3 === 0) await learn(agent, n / 3, trace);
      } catch (error) {
        faults.push(`task ${n}: ${String(error)}`);
      }
    }
  }

  async function kill(): Promise<void> {
    for (let k = 0; k < kills; k++) {
      const due = Math.floor(tasks * (0.15 + (0.6 * k) / kills));
      while (done < due) await sleep(10);
      const holder = k % 2 === 0 ? await holderOf(databaseUrl) : undefined;
      const victim = replicas.find(({ pid }) => pid === holder) ?? replicas[k % replicas.length];
      await sleep(20 * Math.random());
      victim?.kill();
      killed++;
      await sleep(DOWN_MS);
      await victim?.start();
    }
  }

  await Promise.all([...agents.map(work), kill()]);
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(watching);
  isCalm = true;
  for (const [n, agent] of agents.slice(0, CALM).entries()) {
    const trace = await attempt(agent, `calm ${n}: ${made.task()}`);
    const candidate = candidateOf(behaviors.next().value, tasks + n + 1);
    await submit(agent, await reflect(agent, trace), candidate);
    await Promise.all(watching);
  }
  const finished = performance.now();
  const isCaughtUp = async () => {
    const published = (await ledger.indexGenerations("vectors")).findLast(({ published_at }) => published_at);
    return published !== undefined && published.watermark >= (await ledger.headSeq());
  };
  await eventually(isCaughtUp, CATCH_UP_MS).catch((error: unknown) => faults.push(`the index: ${error}`));
  const caughtUpMs = performance.now() - finished;
  await Promise.all(replicas.map((replica) => replica.end()));

  const stored = await storedIds({ ledger, path: "", s3 }, "vectors");
  const wanted = await wantedIds(ledger);
  const indexFaults = difference(stored, wanted);
  if (indexFaults > 0) faults.push(`${indexFaults} rows of the index differ from the ledger`);
  const { lost, duplicates } = await audit(ledger, { uses, traces, learned }, faults);
  const all = await ledger.behaviors("default");
  const twinsStored = twins.filter(
    ({ instruction }) => all.filter((behavior) => behavior.instruction === instruction).length > 1,
  ).length;
  faults.push(...(await ledger.check()));
  return {
    acknowledged: uses.size + traces.size + learned.length,
    ...{ lost, duplicates, twins: twins.length, twinsStored, indexFaults, indexRows: stored.length },
    ...{
      answered,
      visible,
      visibleCalm,
      visibleByMeaning,
      meaningCalm,
      unseenByMeaning,
      askedAgain,
      killed,
      caughtUpMs,
      seconds,
      faults,
    },
    retried: agents.reduce((sum, { retried }) => sum + retried, 0),
  };
}

interface Acknowledged {
  uses: Set<string>;
  traces: Map<string, { task: string; use_id: string }>;
  learned: Learned[];
}

/** What the ledger holds of what was acknowledged, looked at by a process that comes later. */
async function audit(ledger: Ledger, { uses, traces, learned }: Acknowledged, faults: string[]) {
  let [lost, duplicates] = [0, 0];
  const lose = (what: string) => {
    lost++;
    faults.push(`lost: ${what}`);
  };
  const twice = (what: string) => {
    duplicates++;
    faults.push(`stored twice: ${what}`);
  };
  for (const id of uses) if ((await ledger.use(id)) === undefined) lose(`use ${id}`);
  const kept = new Map((await ledger.traces([...traces.keys()])).map((trace) => [trace.id, trace]));
  for (const [id, { task, use_id }] of traces) {
    const trace = kept.get(id);
    if (trace?.task !== task || trace.use_id !== use_id || trace.reasoning.length < REASONING / 2)
      lose(`trace ${id}`);
  }
  const tasks = (await ledger.recentTraces(1_000_000)).map(({ task }) => task);
  for (const task of repeated(tasks)) twice(`the attempt at ${task.slice(0, 20)}`);

  const behaviors = await ledger.behaviors("default");
  const names = new Set(behaviors.map(({ name }) => name));
  for (const name of repeated(behaviors.map(({ name }) => name))) twice(name);
  const added: string[] = [];
  for (const { reflection_id, candidate, decision } of learned) {
    const decisions = await ledger.decisions(reflection_id);
    const [one] = decisions;
    const isDone = (await ledger.reflection(reflection_id))?.status === "done";
    if (!isDone || one?.candidate.name !== candidate.name) lose(`the decision on ${candidate.name}`);
    else if (decision !== undefined && one.decision !== decision.decision)
      lose(`that ${candidate.name} was to ${decision.decision}`);
    if (decisions.length > 1) twice(`the decision on ${candidate.name}`);
    if (one?.target !== undefined && !names.has(one.target.name)) lose(`behavior ${one.target.name}`);
    if (one?.decision === "add") added.push(candidate.name);
  }
  for (const name of repeated(added)) twice(`${name}, which was added`);
  for (const { name } of behaviors) {
    const numbers = (await ledger.revisions({ handbook: "default", name })).map(({ revision }) => revision);
    if (numbers.some((number, i) => number !== i + 1)) twice(`a revision of ${name}: ${numbers}`);
  }
  return { lost, duplicates };
}

function repeated(values: readonly string[]): string[] {
  return [...Map.groupBy(values, (value) => value)]
    .filter(([, same]) => same.length > 1)
    .map(([value]) => value);
}

/** How many elements two sorted lists do not share, repetitions counted. */
function difference(a: readonly string[], b: readonly string[]): number {
  const left = Map.groupBy(a, (id) => id);
  const right = Map.groupBy(b, (id) => id);
  const ids = new Set([...left.keys(), ...right.keys()]);
  return [...ids].reduce(
    (sum, id) => sum + Math.abs((left.get(id)?.length ?? 0) - (right.get(id)?.length ?? 0)),
    0,
  );
}

async function newKey(ledger: Ledger): Promise<string> {
  const random = { id: randomBytes(6).toString("hex"), secret: randomBytes(32).toString("hex") };
  const grants = { read: ["*"], write: ["*"], curate: [], admin: [] };
  const { text } = await createKey({ ledger, now: () => new Date() }, { name: "replicas", grants }, random);
  return text;
}

/** The process whose turn at the index it is. */
async function holderOf(connectionString: string): Promise<number | undefined> {
  const client = new Client({ connectionString });
  await client.connect();
  const { rows } = await client.query("select holder from leases where name like 'vectors:%' limit 1");
  await client.end();
  return rows[0] && Number.parseInt(String(rows[0].holder), 10);
}

type Made = Synthetic["handbook"]["behaviors"][number];

function candidateOf(behavior: Made | undefined, n: number): Candidate {
  if (behavior === undefined) throw new Error("more is learned than there are behaviors");
  const { instruction, when = "", keywords = [], topic = "" } = behavior;
  const letters = n
    .toString(26)
    .padStart(4, "0")
    .replaceAll(/./g, (digit) => LETTERS[Number.parseInt(digit, 26)] ?? "");
  return {
    name: `behavior_learned_${n}`,
    instruction: `${instruction.slice(0, 400)} Begin with ${WORD}${letters}.`,
    ...{ when, keywords: [...keywords], topic },
  };
}

const LETTERS = "bcdfghjklmnpqrstvwxzaeiouy";
const CODED = new RegExp(`(?:${WORD}|${OTHER_WORD})([a-z]{4})`);
const DIMENSION = 64;

function codeWord(text: string): string {
  return CODED.exec(text)?.[1] ?? "";
}

/** The code word of a text where it has one; else its letters. */
function meaningOf(text: string): number[] {
  const word = codeWord(text);
  if (word === "") return [...hashVector(text, DIMENSION)];
  const next = random(SEED + [...word].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 0));
  return Array.from({ length: DIMENSION }, () => next() - 0.5);
}
