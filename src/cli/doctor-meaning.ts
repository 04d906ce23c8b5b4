import { openEmbedder } from "../app.ts";
import type { Config } from "../config.ts";
import { describeError, HandbookError } from "../errors.ts";
import type { Finding } from "./doctor-finding.ts";

const QUESTIONS = ["how to check a result", "where to begin", "what to do when a test fails"];

/** Whether the embedder answers, and soon enough for a retrieval to wait for it. */
export async function checkMeaning(config: Config): Promise<Finding> {
  const { embedder: wanted, embedderWaitMs } = config;
  const embedder = await openEmbedder(config);
  if (embedder === undefined) {
    const how = "HANDBOOK_EMBEDDER=local or openai adds meaning, see the README";
    return { status: "ok", message: `off: behaviors are found by their words (${how})` };
  }
  try {
    const began = performance.now();
    const [vector] = await embedder.embed(["load what has to be loaded"], "query");
    const loaded = performance.now() - began;
    const times: number[] = [];
    for (const question of QUESTIONS) {
      const asked = performance.now();
      await embedder.embed([question], "query");
      times.push(performance.now() - asked);
    }
    const ms = Math.round(times.sort((a, b) => a - b)[1] ?? 0);
    const what = `${embedder.model}, ${vector?.length} dimensions, ready after ${Math.round(loaded)} ms, ${ms} ms a question`;
    if (ms < embedderWaitMs) return { status: "ok", message: what };
    return {
      status: "failed",
      message: `${what}; a retrieval waits ${embedderWaitMs} ms, so it mostly answers without`,
      fix: `Set HANDBOOK_EMBEDDER_WAIT_MS=${Math.ceil((2 * ms) / 50) * 50}, or choose a quicker embedder.`,
    };
  } catch (error) {
    if (!(error instanceof HandbookError)) throw error;
    // A download goes on in a server; here it would be ended with the command.
    const isUnderWay = wanted?.kind === "local" && /downloading/.test(describeError(error));
    if (!isUnderWay) return { status: "failed", message: error.message, fix: `${error.fix}.` };
    return {
      status: "failed",
      message: `the model ${wanted.model} is not there yet`,
      fix: "Start a server: it downloads the model beside its work, and goes on where it was interrupted.",
    };
  } finally {
    await embedder.close();
  }
}
