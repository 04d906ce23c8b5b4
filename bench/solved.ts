// A labelled set as the handbook of a real data directory, with a history of solved tasks that can be switched.

import { readHandbook } from "../src/adapters/readers/handbook-json-reader.ts";
import { createApp } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { findBehaviors } from "../src/lifecycle/find.ts";
import { loadHandbook } from "../src/lifecycle/load.ts";
import { recordTrace } from "../src/lifecycle/record.ts";
import { retrieve } from "../src/lifecycle/retrieve.ts";
import { MAX_DETAIL, MAX_INSTRUCTION } from "../src/model/behavior.ts";
import { cleanText } from "../src/model/text.ts";
import { MAX_SOLVED_TASKS, type Ports, type Source, type VectorIndex } from "../src/ports.ts";
import { type Random, random } from "../src/rules/random.ts";
import { DEPTH } from "./found.ts";
import type { Document, LabelledSet, Query } from "./labelled-sets.ts";
import { UNDRAWN } from "./servers.ts";

const HANDBOOK = "default";
const SEED = 20;
const KEPT = 24; // traces per behavior: ten count, one may be the asked query, the rest are for its duplicates

/** A query that was answered by a document, as a trace of the ledger. */
export interface Solved {
  document: string;
  query: Query;
  trace: string;
}

export interface SolvedHandbook {
  ports: Ports;
  /** Behaviors that the screening holds back: no retrieval can find them. */
  quarantined: number;
  /** Of each document, in a seeded order. */
  history: ReadonlyMap<string, readonly Solved[]>;
  /** Documents for a task, best first, by the program's own retrieval. */
  ask(task: string, ports?: Ports): Promise<string[]>;
  /** What is found before the program leaves out what fits badly, and how well the best one fits, 0 to 1. */
  search(task: string, ports?: Ports): Promise<{ documents: string[]; fit: number }>;
  /** Lets exactly these traces be successes that a test has shown. The others end as unknown. */
  letCount(traces: ReadonlySet<string>): Promise<void>;
  /** Documents nearest in meaning, best first. */
  nearest(task: string, vectors: VectorIndex): Promise<string[]>;
  /** What answered so far. */
  sources: ReadonlySet<Source>;
  close(): Promise<void>;
}

/** Imports the documents and records each labelled query as a solved task of its documents; none counts yet. */
export async function solvedHandbook(home: string, set: LabelledSet): Promise<SolvedHandbook> {
  const app = createApp(readConfig({ HANDBOOK_HOME: home, HANDBOOK_STARTERS: "off", ...UNDRAWN }));
  const ports = await app.ports();
  const names = behaviorNames(set.documents);
  const behaviors = set.documents.map(({ id, text }) => behaviorOf(names.get(id) ?? "", text));
  const content = { format: "behavior-handbook/1", handbook: HANDBOOK, behaviors };
  const { file, refused } = readHandbook(content);
  if (refused.length > 0) throw new Error(`the import refuses ${JSON.stringify(refused[0])}`);
  const { quarantined } = await loadHandbook(ports, file, "import");
  const documents = new Map([...names].map(([id, name]) => [name, id]));
  const history = await recordHistory(ports, set.queries, names);

  const counting = new Set([...history.values()].flat().map(({ trace }) => trace));
  const sources = new Set<Source>();
  const documentOf = (name: string) => documents.get(name) ?? "";
  const handbook: SolvedHandbook = {
    ports,
    quarantined,
    history,
    sources,
    async ask(task, others = ports) {
      const found = await retrieve(others, { task, limit: DEPTH });
      for (const source of found.sources) sources.add(source);
      return found.behaviors.map(({ name }) => documentOf(name));
    },
    async search(text, others = ports) {
      const { hits } = await findBehaviors(others, { text, handbooks: [HANDBOOK], limit: DEPTH });
      return { documents: hits.map(({ name }) => documentOf(name)), fit: hits[0]?.fit ?? 0 };
    },
    async nearest(text, vectors) {
      const near = await vectors.search({ text, handbooks: [HANDBOOK], limit: DEPTH, also: [] });
      return (near ?? []).map(({ name }) => documentOf(name));
    },
    async letCount(traces) {
      const off = [...counting].filter((trace) => !traces.has(trace));
      const on = [...traces].filter((trace) => !counting.has(trace));
      if (off.length + on.length === 0) return;
      await ports.ledger.write(async (tx) => {
        for (const trace of off) await tx.setOutcome(trace, "unknown", "none");
        for (const trace of on) await tx.setOutcome(trace, "success", "test");
      });
      for (const trace of off) counting.delete(trace);
      for (const trace of on) counting.add(trace);
    },
    close: () => app.close(),
  };
  await handbook.letCount(new Set());
  return handbook;
}

/** Through the program's own recording: a use that served the behavior, then a trace that names it and passed a test. */
async function recordHistory(
  ports: Ports,
  queries: readonly Query[],
  names: ReadonlyMap<string, string>,
): Promise<Map<string, Solved[]>> {
  const shuffled = shuffle(queries, random(SEED));
  const created_at = ports.now().toISOString();
  const history = new Map<string, Solved[]>();
  for (const query of shuffled) {
    for (const document of query.relevant.keys()) {
      const solved = history.get(document) ?? [];
      history.set(document, solved);
      if (solved.length < KEPT) solved.push({ document, query, trace: ports.newId() });
    }
  }
  const all = [...history.values()].flat();
  await ports.ledger.write(async (tx) => {
    for (const { document, query, trace: id } of all) {
      const served = [{ handbook: HANDBOOK, name: names.get(document) ?? "", revision: 1, score: 1 }];
      const use = { id, episode_id: id, handbook: HANDBOOK, task: query.text, created_at };
      await tx.addUse({ ...use, arm: "served", served, withheld: [] });
    }
  });
  for (const solved of all) {
    const name = names.get(solved.document) ?? "";
    const { trace, cited } = await recordTrace(ports, {
      task: solved.query.text,
      reasoning: `I followed ${name}.`,
      outcome: "success",
      evidence: "test",
      use_id: solved.trace,
    });
    if (cited[0] !== name) throw new Error(`the trace of ${solved.query.id} does not cite ${name}`);
    solved.trace = trace.id;
  }
  return history;
}

/**
 * The first `most` solved tasks of every behavior, without the asked query and without any query of the same words;
 * none at all of the behaviors in `forgotten`.
 */
export function firstSolved(
  history: ReadonlyMap<string, readonly Solved[]>,
  most: number,
  asked: Query,
  forgotten: ReadonlyMap<string, unknown> = new Map(),
): Set<string> {
  const traces = new Set<string>();
  for (const [document, solved] of history) {
    if (forgotten.has(document)) continue;
    let left = Math.min(most, MAX_SOLVED_TASKS);
    for (const { query, trace } of solved) {
      if (left === 0) break;
      if (query.text === asked.text) continue;
      traces.add(trace);
      left--;
    }
  }
  return traces;
}

/** A document as a behavior of that name; what is longer than an instruction may be goes to the detail. */
export function behaviorOf(name: string, text: string) {
  const clean = cleanText(text);
  const rest = clean.slice(MAX_INSTRUCTION, MAX_INSTRUCTION + MAX_DETAIL).trim();
  return { name, instruction: clean.slice(0, MAX_INSTRUCTION), ...(rest !== "" && { detail: rest }) };
}

/** A behavior's name for each document: `behavior_` and the words of its name, with a number where two are alike. */
export function behaviorNames(documents: readonly Document[]): Map<string, string> {
  const taken = new Set<string>();
  const names = new Map<string, string>();
  for (const { id, name } of documents) {
    const plain = name
      .normalize("NFKD")
      .replace(/\p{M}/gu, "")
      .replace(/([a-z0-9])([A-Z])/g, "$1 $2");
    const words = plain.toLowerCase().match(/[a-z0-9]+/g) ?? ["unnamed"];
    const base = `behavior_${words.join("_")}`.slice(0, 72).replace(/_$/, "");
    let unique = base;
    for (let next = 2; taken.has(unique); next++) unique = `${base}_${next}`;
    taken.add(unique);
    names.set(id, unique);
  }
  return names;
}

/** The same elements in a random order. Source: Fisher and Yates. */
export function shuffle<T>(list: readonly T[], next: Random): T[] {
  const shuffled = [...list];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
  }
  return shuffled;
}
