// One process that embeds the starter behaviors with the model of a directory, and prints what it measured as JSON.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { localEmbedder } from "../src/adapters/local-embedder.ts";
import { timed } from "./measure.ts";
import { starterBehaviors } from "./starters.ts";

const [directory = ""] = process.argv.slice(2);
const MB = 1024 * 1024;
const LONG = "word ".repeat(600); // cut to the 512 tokens that a model reads

const embedder = localEmbedder({ model: "model", home: directory, directory, offline: true });
const behaviors = starterBehaviors();
let taken = 0;
const behavior = () => behaviors[taken++ % behaviors.length] ?? { when: "", instruction: "" };
const passages = (count: number) => Array.from({ length: count }, () => behavior().instruction);
const query = () => `${behavior().when} ${taken}`; // never the same, else it would be remembered
const rssMb = () => process.memoryUsage().rss / MB;
const each = async (times: number, work: () => Promise<unknown>) => {
  const samples: number[] = [];
  for (let i = 0; i < times; i++) samples.push(await timed(work));
  return samples;
};

const bareMb = rssMb();
const first = await timed(() => embedder.embed(["the first text"], "query"));
const loadedMb = rssMb();
const one = await each(200, () => embedder.embed([query()], "query"));
const eight = await each(20, () => embedder.embed(passages(8), "passage"));
const thirtyTwo = await each(10, () => embedder.embed(passages(32), "passage"));
const long = await each(10, () => embedder.embed([LONG], "passage"));

const lag = monitorEventLoopDelay({ resolution: 1 });
lag.enable();
await sleep(500);
const idleLag = lag.max / 1e6;
lag.reset();
const waiting = embedder.embed(passages(256), "passage");
const behind = await timed(() => embedder.embed([query()], "query"));
await waiting;
const busyLag = lag.max / 1e6;
lag.disable();
const usedMb = rssMb();
await embedder.close();
console.log(
  JSON.stringify({ first, one, eight, thirtyTwo, long, behind, idleLag, busyLag, bareMb, loadedMb, usedMb }),
);
