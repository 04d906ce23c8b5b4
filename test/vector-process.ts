// Submits behaviors to a ledger, prints each name once it is acknowledged, and follows with an embedder until its stdin
// ends. Every seventh behavior is retired again. A process of its own for tests.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openSqliteLedger } from "../src/adapters/sql/sqlite-ledger.ts";
import { hashEmbedder } from "./hash-embedder.ts";
import { put, vectorsAt } from "./lance.ts";

const [path = "", label = "", submissions = "0", s3] = process.argv.slice(2);
const ledger = await openSqliteLedger(join(path, "handbook.sqlite"));
const vectors = vectorsAt({ ledger, path, ...(s3 && { s3: JSON.parse(s3) }) }, hashEmbedder());
process.stdout.on("error", () => process.exit()); // nobody listens any more
process.stdin.resume();
const ended = new Promise((resolve) => process.stdin.once("end", resolve));
for (let i = 0; i < Number(submissions); i++) {
  const name = `behavior_${label}_${i}`;
  await put(ledger, name, { instruction: `Submission ${i} of process ${label}.` });
  if (i % 7 === 6) await put(ledger, `behavior_${label}_${i - 3}`, { status: "retired" });
  process.stdout.write(`${name}\n`);
  await sleep(5);
}
await ended;
await vectors.close();
await ledger.close();
