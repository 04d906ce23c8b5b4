// A thread in place of the embedder's: a text says whether it answers, dies, hangs or fails.
import { parentPort, threadId } from "node:worker_threads";

parentPort.postMessage({ kind: "ready" });
parentPort.on("message", (texts) => {
  if (texts.includes("die")) process.exit(1);
  if (texts.includes("hang")) for (;;);
  if (texts.includes("fail")) parentPort.postMessage({ kind: "failed", error: "no" });
  else parentPort.postMessage({ kind: "vectors", vectors: texts.map(() => Float32Array.of(threadId)) });
});
