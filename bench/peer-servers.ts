// The servers that are compared, and how each is used as its own documents say. Items go in by the tool that an agent
// would write with, and are searched by the best search that the server has for a question in plain words.
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { HANDBOOK_FORMAT } from "../src/adapters/readers/handbook-json-reader.ts";
import type { Connection } from "./client.ts";
import { environment, type Launch } from "./servers.ts";
import { behaviorNames, behaviorOf } from "./solved.ts";

/** What is stored: a behavior by name and text. Names are unique. */
export interface Item {
  name: string;
  text: string;
}

export interface Peer {
  /** On npm. */
  name: string;
  /** What starts it, below its node_modules. */
  entry: string;
  /** Packages in it that have to be compiled or downloaded. */
  addons?: readonly string[];
  /** Major version of the Node that it is run with, where it does not survive this one. */
  node?: number;
  /** Its search finds only texts that hold the query, or all its words, as they stand. */
  literal?: true;
  /** Its search does better word by word than with a question. */
  byWords?: true;
  launch(entry: string, home: string): Promise<Launch>;
  memory(connection: Connection, items: readonly Item[]): Memory;
  /** Names of all items that a fresh process finds, of these and others. */
  kept(connection: Connection, items: readonly Item[]): Promise<string[]>;
}

/** A running server as a place for items. */
export interface Memory {
  /** What has to precede a write, where something does. */
  lead?(item: Item): Promise<void>;
  /** Throws when the server does not say that it has stored it. */
  write(item: Item): Promise<void>;
  /** Many at once, where there is a way. */
  writeAll?(items: readonly Item[]): Promise<void>;
  /** Names of items, best first. */
  search(query: string, limit: number): Promise<string[]>;
}

const serverMemory: Peer = {
  name: "@modelcontextprotocol/server-memory",
  entry: "@modelcontextprotocol/server-memory/dist/index.js",
  literal: true,
  byWords: true,
  launch: async (entry, home) => ({
    args: [entry],
    env: atHome(home, { MEMORY_FILE_PATH: join(home, "memory.jsonl") }),
    cwd: home,
  }),
  memory({ call }) {
    const create = async (items: readonly Item[]) => {
      const entities = items.map(({ name, text }) => ({
        name,
        entityType: "behavior",
        observations: [text],
      }));
      const { structured } = await call("create_entities", { entities });
      const created = (structured.entities as unknown[]).length;
      if (created !== items.length) throw new Error(`created ${created} of ${items.length}`);
    };
    return {
      write: (item) => create([item]),
      writeAll: create,
      // It has no limit and no order of fit: what is found comes in the order of the file.
      async search(query, limit) {
        const { structured } = await call("search_nodes", { query });
        return namesOf(structured.entities).slice(0, limit);
      },
    };
  },
  kept: async ({ call }) => namesOf((await call("read_graph", {})).structured.entities),
};

/** Standalone: without the engine beside it, which npm alone does not bring. */
const agentMemory: Peer = {
  name: "@agentmemory/mcp",
  entry: "@agentmemory/mcp/bin.mjs",
  literal: true,
  byWords: true,
  launch: async (entry, home) => ({ args: [entry], env: atHome(home), cwd: home }),
  memory: ({ call }) => ({
    async write({ name, text }) {
      const { text: answer } = await call("memory_save", { content: `${name}\n${text}`, type: "workflow" });
      if (!answer.includes('"saved"')) throw new Error(answer);
    },
    async search(query, limit) {
      const { text } = await call("memory_smart_search", { query, limit: Math.min(limit, 100) });
      return firstLines((JSON.parse(text) as { results: { content: string }[] }).results);
    },
  }),
  async kept({ call }) {
    const { text } = await call("memory_export", {});
    return firstLines((JSON.parse(text) as { memories: { content: string }[] }).memories);
  },
};

/** Under Node 24.21 better-sqlite3, version 11 as 12, aborts the process when statements are collected. */
const SURVIVED = 22;
const PREFIX = /^behavior_/;

const memoryKeeper: Peer = {
  name: "mcp-memory-keeper",
  entry: "mcp-memory-keeper/bin/mcp-memory-keeper",
  addons: ["better-sqlite3"],
  node: SURVIVED,
  launch: async (entry, home) => ({ args: [entry], env: atHome(home, { DATA_DIR: home }), cwd: home }),
  // Its keys take no spaces: the names are written in snake_case, as ours are.
  memory({ call }, items) {
    const { behaviorOfItem, itemOf } = namings(items);
    return {
      async write({ name, text }) {
        const key = behaviorOfItem.get(name)?.replace(PREFIX, "");
        const item = { key, value: text, category: "note" };
        const { text: answer } = await call("context_save", item);
        if (!answer.startsWith("Saved")) throw new Error(answer);
      },
      async search(query, limit) {
        const { text } = await call("context_semantic_search", { query, topK: limit });
        return [...text.matchAll(/^ {3}Key: (.*)$/gm)].flatMap(
          ([, key = ""]) => itemOf.get(`behavior_${key}`) ?? [],
        );
      },
    };
  },
  async kept({ call }, items) {
    const { itemOf } = namings(items);
    const names: string[] = [];
    for (let more = true; more; ) {
      const asked = { query: "", limit: 100, offset: names.length, includeMetadata: true };
      const { text } = await call("context_search", asked);
      const page = text.startsWith("{") ? (JSON.parse(text) as { items: { key: string }[] }).items : [];
      names.push(...page.map(({ key }) => key));
      more = page.length > 0;
    }
    return names.flatMap((key) => itemOf.get(`behavior_${key}`) ?? []);
  },
};

const memorix: Peer = {
  name: "memorix",
  entry: "memorix/dist/cli/index.js",
  byWords: true,
  addons: ["better-sqlite3"],
  node: SURVIVED,
  async launch(entry, home) {
    await promisify(execFile)("git", ["init", "--quiet", home]); // it serves git repositories only
    // A server that replaces itself by a newer one cannot be measured.
    return { args: [entry, "serve"], env: atHome(home, { MEMORIX_AUTO_UPDATE: "off" }), cwd: home };
  },
  memory({ call }) {
    const names = new Map<string, string>();
    return {
      async write({ name, text }) {
        const { text: answer } = await call("memorix_store", {
          entityName: name,
          type: "how-it-works",
          title: name,
          narrative: text,
          topicKey: `behavior/${name}`, // without a key it takes short texts for duplicates, and drops them
        });
        const id = /observation #(\d+)/.exec(answer)?.[1];
        if (id === undefined) throw new Error(answer);
        names.set(id, name);
      },
      async search(query, limit) {
        const { text } = await call("memorix_search", { query, limit });
        return [...text.matchAll(/^\| obs:(\d+) /gm)].flatMap(([, id = ""]) => names.get(id) ?? []);
      },
    };
  },
  async kept({ call }) {
    const { text } = await call("memorix_transfer", { action: "export", format: "json" });
    const json = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
    return (JSON.parse(json) as { observations: { title: string }[] }).observations.map(({ title }) => title);
  },
};

export const PEERS: readonly Peer[] = [serverMemory, agentMemory, memoryKeeper, memorix];

/**
 * This program. A behavior is learned in three calls: an agent records how it worked, asks for the prompt, and submits
 * what it drew from that. The third one stores it, judged against what is known, and is the one to compare with a
 * peer's write; the two before are its lead. Many at once are imported.
 */
export const US: Peer = {
  name: "behavior-handbook",
  entry: "behavior-handbook/dist/behavior-handbook.js",
  launch: async (entry, home) => ({
    args: [entry],
    env: atHome(home, {
      HANDBOOK_HOME: home,
      HANDBOOK_STARTERS: "off",
      NODE_COMPILE_CACHE: join(home, "../compile-cache"),
    }),
    cwd: home,
  }),
  memory({ call, launch }, items) {
    const { behaviorOfItem, itemOf } = namings(items);
    const reflections = new Map<string, unknown>();
    return {
      async lead({ name, text }) {
        const trace = { task: `How to go about ${name}?`, reasoning: `I found out how. ${text}` };
        const { trace_id } = (await call("record_trace", trace)).structured;
        const opened = await call("reflect_and_extract", { trace_ids: [trace_id], by: "agent" });
        reflections.set(name, opened.structured.reflection_id);
      },
      async write({ name, text }) {
        const { structured } = await call("submit_reflection", {
          reflection_id: reflections.get(name),
          reflection: "It went well, and would again.",
          behaviors: [{ name: behaviorOfItem.get(name), instruction: text }],
        });
        const [decided] = structured.decisions as { decision: string; reason: string }[];
        if (decided?.decision !== "add") throw new Error(`${decided?.decision}: ${decided?.reason}`);
      },
      async writeAll(many) {
        const behaviors = many.map(({ name, text }) => behaviorOf(behaviorOfItem.get(name) ?? "", text));
        const file = join(launch.cwd ?? "", "handbook.json");
        writeFileSync(file, JSON.stringify({ format: HANDBOOK_FORMAT, handbook: "default", behaviors }));
        const [entry = ""] = launch.args;
        await promisify(execFile)(process.execPath, [entry, "import", file], { env: launch.env });
      },
      async search(task, limit) {
        const { structured } = await call("retrieve_behaviors", { task, limit });
        return namesOf(structured.behaviors).flatMap((name) => itemOf.get(name) ?? []);
      },
    };
  },
  async kept({ launch }, items) {
    const { itemOf } = namings(items);
    const [entry = ""] = launch.args;
    const options = { env: launch.env, maxBuffer: 2 ** 30 };
    const { stdout } = await promisify(execFile)(process.execPath, [entry, "export"], options);
    return namesOf(JSON.parse(stdout).behaviors).flatMap((name) => itemOf.get(name) ?? []);
  },
};

function namings(items: readonly Item[]) {
  const behaviorOfItem = behaviorNames(items.map(({ name, text }) => ({ id: name, name, text })));
  return { behaviorOfItem, itemOf: new Map([...behaviorOfItem].map(([item, behavior]) => [behavior, item])) };
}

/** An environment in which everything that a server keeps for its user goes to `home`. */
function atHome(home: string, set: Record<string, string> = {}): Record<string, string> {
  mkdirSync(home, { recursive: true });
  const data = { XDG_DATA_HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home };
  return environment({ HOME: home, USERPROFILE: home, ...data, ...set });
}

function namesOf(rows: unknown): string[] {
  return (rows as { name: string }[]).map(({ name }) => name);
}

function firstLines(rows: readonly { content: string }[]): string[] {
  return rows.map(({ content }) => content.split("\n", 1)[0] ?? "");
}
