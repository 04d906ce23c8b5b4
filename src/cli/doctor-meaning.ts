import { setTimeout as sleep } from "node:timers/promises";
import { indexPlace, openEmbedder, openLedger } from "../app.ts";
import type { Config } from "../config.ts";
import type { Embedder } from "../ports/models.ts";
import { checkDirectory } from "./doctor-directory.ts";
import type { Finding } from "./doctor-finding.ts";

const QUESTIONS = ["how to check a result", "where to begin", "what to do when a test fails"];
const FOLLOW_MS = 3000; // an index that is behind and without a fault by then is only behind

/** Whether the embedder answers soon enough for a retrieval to wait for it, and whether its index follows the ledger. */
export async function checkMeaning(config: Config): Promise<Finding> {
  const { embedderWaitMs } = config;
  const embedder = await openEmbedder(config);
  if (embedder === undefined) {
    const how = "HANDBOOK_EMBEDDER=local or openai adds meaning, see the README";
    return { status: "ok", message: `off: behaviors are found by their words (${how})` };
  }
  try {
    const { loadLance } = await import("../adapters/lance/lance-library.ts");
    await loadLance(config.home);
    const missing = await missingModel(config);
    if (missing !== undefined) return { status: "ok", message: missing };
    const { what, ms } = await answerTimes(embedder);
    const index = await checkIndex(config, embedder);
    const message = `${what}; ${index.message}`;
    if (index.status !== "ok" || ms < embedderWaitMs) return { ...index, message };
    return {
      status: "failed",
      message: `${message}; a retrieval waits ${embedderWaitMs} ms, so it mostly answers without`,
      fix: `Set HANDBOOK_EMBEDDER_WAIT_MS=${Math.ceil((2 * ms) / 50) * 50}, or choose a quicker embedder.`,
    };
  } finally {
    await embedder.close();
  }
}

/** What to say of a model that is still to be downloaded: to begin here would end with the command. */
async function missingModel({ embedder: wanted, home }: Config): Promise<string | undefined> {
  if (wanted?.kind !== "local" || wanted.offline) return undefined;
  const { hasModel } = await import("../adapters/model-files.ts");
  if (hasModel(wanted.directory, wanted.model)) return undefined;
  const { checkInstalled } = await import("../adapters/local-embedder.ts");
  checkInstalled(home);
  const { downloadMegabytes } = await import("../adapters/embedding-model.ts");
  const megabytes = downloadMegabytes(wanted.model);
  const size = megabytes === undefined ? "" : ` (${megabytes} MB)`;
  return `the model ${wanted.model}${size} is downloaded at the first use; behaviors are found by their words until then`;
}

async function answerTimes(embedder: Embedder): Promise<{ what: string; ms: number }> {
  const began = performance.now();
  const [vector] = await embedder.embed(["load what has to be loaded"], "query");
  const loaded = Math.round(performance.now() - began);
  const times: number[] = [];
  for (const question of QUESTIONS) {
    const asked = performance.now();
    await embedder.embed([question], "query");
    times.push(performance.now() - asked);
  }
  const ms = Math.round(times.sort((a, b) => a - b)[1] ?? 0);
  const what = `${embedder.model}, ${vector?.length} dimensions, ready after ${loaded} ms, ${ms} ms a question`;
  return { what, ms };
}

/**
 * How far the index is, and what is wrong with it. One that is behind is brought on as a server would do it, for some
 * seconds: faults of writing show in no other way. One that is not is only read.
 */
async function checkIndex(config: Config, embedder: Embedder): Promise<Finding> {
  const { home, indexUri: uri } = config;
  if (!/^\w+:\/\//.test(uri)) {
    const fix = "Make it writable for you, or set HANDBOOK_INDEX_URI to a directory that is.";
    const directory = await checkDirectory(uri);
    if (directory.status === "failed") return { ...directory, fix };
  }
  const { lanceVectors } = await import("../adapters/lance/lance-vectors.ts");
  const ledger = await openLedger(config);
  const vectors = lanceVectors({ ledger, home, ...indexPlace(config), embedder, waitMs: FOLLOW_MS });
  try {
    const head = await ledger.headSeq();
    const isUnderWay = () => {
      const { model, seq, fault } = vectors.progress();
      return fault === undefined && (model === undefined || seq < head);
    };
    for (const until = performance.now() + FOLLOW_MS; isUnderWay() && performance.now() < until; )
      await sleep(50);
    const handbooks = (await ledger.handbooks()).map(({ slug }) => slug);
    if (!isUnderWay()) await vectors.search({ text: QUESTIONS.join(), handbooks, limit: 1, also: [] });
    const { seq, fault } = vectors.progress();
    const place = `its index is at change ${seq} of ${head}`;
    if (fault !== undefined) {
      const fix = "Mend that. If it stays, `handbook reindex` builds the index anew.";
      return { status: "failed", message: `${place}: ${fault}`, fix };
    }
    return { status: "ok", message: isUnderWay() ? `${place}, and a server goes on with it` : place };
  } finally {
    await vectors.close();
    await ledger.close();
  }
}
