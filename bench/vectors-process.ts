// One of several processes of the bench `vectors`: submits behaviors one after another, follows the ledger with an
// embedder, and says at which millisecond each commit was acknowledged. Ends when its stdin does.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lanceVectors } from "../src/adapters/lance/lance-vectors.ts";
import { openSqliteLedger } from "../src/adapters/sql/sqlite-ledger.ts";
import { hashEmbedder } from "../test/hash-embedder.ts";
import { synthetic } from "./data.ts";

const [home = "", label = "", count = "0", pauseMs = "0"] = process.argv.slice(2);
const ledger = await openSqliteLedger(join(home, "handbook.sqlite"));
const vectors = lanceVectors({
  ledger,
  home,
  uri: join(home, "index"),
  waitMs: 1000,
  embedder: hashEmbedder({ dimension: 384 }),
});
process.stdin.resume();
const ended = new Promise((resolve) => process.stdin.once("end", resolve));
const { behaviors } = synthetic(Number(count), label.charCodeAt(0)).handbook;
for (const [i, { keywords, topic, instruction, when }] of behaviors.entries()) {
  const name = `behavior_${label}_${i}`;
  await ledger.write((tx) =>
    tx.addRevision({
      handbook: "default",
      name,
      revision: 1,
      status: "active",
      instruction,
      when: when ?? "",
      keywords: keywords ?? [],
      ...(topic !== undefined && { topic }),
      provenance: { author: "import", trace_ids: [] },
      reason: "submitted by one of several processes",
      created_at: new Date().toISOString(),
    }),
  );
  process.stdout.write(`${name} ${performance.timeOrigin + performance.now()}\n`);
  await sleep(Number(pauseMs));
}
await ended;
await vectors.close();
await ledger.close();
