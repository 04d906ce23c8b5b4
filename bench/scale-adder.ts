// Another process on the same ledger, without an index of its own: adds a behavior for each word that it reads, and
// says at which millisecond the commit was acknowledged.
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openSqliteLedger } from "../src/adapters/sql/sqlite-ledger.ts";

const [home = ""] = process.argv.slice(2);
const ledger = await openSqliteLedger(join(home, "handbook.sqlite"));
process.stdout.write("ready\n");
for await (const word of createInterface({ input: process.stdin })) {
  await ledger.write((tx) =>
    tx.addRevision({
      handbook: "default",
      name: `behavior_${word}`,
      revision: 1,
      status: "active",
      instruction: `Think of ${word}.`,
      when: "",
      keywords: [],
      provenance: { author: "import", trace_ids: [] },
      reason: "added while another process searches",
      created_at: new Date().toISOString(),
    }),
  );
  process.stdout.write(`${performance.timeOrigin + performance.now()}\n`);
}
await ledger.close();
