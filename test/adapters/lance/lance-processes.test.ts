import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteLedger } from "../../../src/adapters/sql/sqlite-ledger.ts";
import { hashEmbedder } from "../../hash-embedder.ts";
import {
  eventually,
  put,
  SHORT_TTL_MS,
  startVectorProcess,
  storedIds,
  upToDate,
  vectorsAt,
  wantedIds,
} from "../../lance.ts";
import { tempDirectory } from "../../ports.ts";

test("four processes submit at once, two of them are killed, one is stopped for longer than its turn: the table equals the ledger, each row once", async () => {
  using directory = tempDirectory();
  const { path } = directory;
  const processes = ["a", "b", "c", "d"].map((label) => startVectorProcess(path, label, 70));
  onTestFinished(() => {
    for (const { child } of processes) child.kill("SIGKILL"); // one that is stopped would stay
  });
  const [first, second, third, fourth] = processes;
  if (!first || !second || !third || !fourth) throw new Error("there are four");
  await eventually(async () => first.acknowledged.length >= 20);
  first.child.kill("SIGKILL");
  await eventually(async () => second.acknowledged.length >= 50);
  second.child.kill("SIGKILL");
  await stopOutsideOfWrites(third.child, join(path, "handbook.sqlite"));
  await eventually(async () => fourth.acknowledged.length === 70);
  await sleep(SHORT_TTL_MS);
  third.child.kill("SIGCONT");
  await eventually(async () => third.acknowledged.length === 70);
  for (const { child } of [third, fourth]) child.stdin.end();
  for (const { ended } of processes) await ended;

  const ledger = await openSqliteLedger(join(path, "handbook.sqlite"));
  const vectors = vectorsAt({ ledger, path }, hashEmbedder());
  await upToDate(ledger, vectors);
  await vectors.close();
  const stored = await storedIds({ ledger, path }, "vectors");
  expect(stored).toEqual(await wantedIds(ledger));
  const names = new Set((await ledger.behaviors("default")).map(({ name }) => name));
  for (const { acknowledged } of processes)
    for (const name of acknowledged) expect(names.has(name)).toBe(true);
  await ledger.close();
});

test("when the process that writes is killed, another takes over, and what is submitted there is found here", async () => {
  using directory = tempDirectory();
  const { path } = directory;
  const ledger = await openSqliteLedger(join(path, "handbook.sqlite"));
  const writer = startVectorProcess(path, "w", 100_000); // works without end
  await eventually(async () => (await ledger.indexGenerations()).some(({ published_at }) => published_at));
  const before = await ledger.unheldLeases(["vectors:hash-1"], new Date().toISOString());
  expect(before).toEqual([]); // held
  const vectors = vectorsAt({ ledger, path }, hashEmbedder());
  const find = (text: string) => vectors.search({ text, handbooks: ["default"], limit: 1, also: [] });
  await eventually(async () => writer.acknowledged.length > 30);
  await eventually(
    async () => (await find("w 25. Submission 25 of process w."))?.[0]?.name === "behavior_w_25",
  );

  writer.child.kill("SIGKILL");
  await writer.ended;
  await put(ledger, "behavior_after", { instruction: "Sing to the quokka after the kill." });
  await eventually(async () => (await find("Sing to the quokka"))?.[0]?.name === "behavior_after");
  await upToDate(ledger, vectors);
  await vectors.close();
  expect(await storedIds({ ledger, path }, "vectors")).toEqual(await wantedIds(ledger));
  await ledger.close();
});

/** Stops a process, but never with the ledger's write lock in its hand: then nobody could do anything. */
async function stopOutsideOfWrites(child: ChildProcess, ledger: string): Promise<void> {
  const db = new DatabaseSync(ledger, { timeout: 500 });
  await eventually(async () => {
    child.kill("SIGSTOP");
    try {
      db.exec("begin immediate; rollback");
      return true;
    } catch {
      child.kill("SIGCONT");
      return false;
    }
  });
  db.close();
}
