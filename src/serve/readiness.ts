import type { App } from "../app.ts";
import { HandbookError } from "../errors.ts";
import { logError } from "./log.ts";

const WAIT_MS = 5000;

/** Why the server should get no requests now; empty when it should. */
export async function notReady(app: App): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string[]>((resolve) => {
    timer = setTimeout(resolve, WAIT_MS, [`the ledger did not answer within ${WAIT_MS / 1000} s`]);
  });
  try {
    return await Promise.race([examine(app), late]);
  } catch (error) {
    // Anybody may ask, and the words of an error name files and addresses.
    logError("ready.failed", error);
    const code = error instanceof HandbookError ? ` (${error.code})` : "";
    return [`the ledger does not answer${code}; the server's log says why`];
  } finally {
    clearTimeout(timer);
  }
}

async function examine(app: App): Promise<string[]> {
  const { ledger, index } = await app.ports();
  const head = await ledger.headSeq();
  // A search reads what is new; only one that has to wait for the index to be built says that it is partial.
  const { sources } = await index.search({ text: "ready", handbooks: [], limit: 1 });
  if (!sources.includes("partial")) return [];
  return [`the index is being built: it has read up to change ${index.progress().seq} of ${head}`];
}
