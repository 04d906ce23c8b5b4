import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connectTo } from "../../bench/client.ts";
import { environment } from "../../bench/servers.ts";
import { openSqliteLedger } from "../../src/adapters/sql/sqlite-ledger.ts";
import { smallDisk } from "../small-disk.ts";

const ENTRY = join(import.meta.dirname, "../../dist/behavior-handbook.js");

test("a server on a full disk says so and serves on, and writes again once there is room, with nothing lost", async (context) => {
  using disk = smallDisk(12);
  if (disk === undefined) return context.skip("no disk can be mounted here");
  const ballast = join(disk.path, "ballast");
  writeFileSync(ballast, Buffer.alloc(6 * 1024 * 1024));
  const set = environment({ HANDBOOK_HOME: disk.path, HANDBOOK_STARTERS: "off", HANDBOOK_EMBEDDER: "none" });
  const { call, close } = await connectTo({ args: [ENTRY], env: set }, "ignore");
  const kept: string[] = [];
  let refusal = "";
  for (let i = 0; i < 200 && refusal === ""; i++) {
    const trace = { task: `attempt ${i}`, reasoning: `word ${i} `.repeat(15_000), output_tokens: 1 };
    await call("record_trace", trace).then(
      ({ structured }) => kept.push(String(structured.trace_id)),
      (error: unknown) => {
        refusal = String(error);
      },
    );
  }
  expect(refusal).toMatch(/LEDGER_FULL: .*Free some space/);
  expect(kept.length).toBeGreaterThan(2);
  const { structured: report } = await call("handbook_report", {});
  expect(report).toMatchObject({ counts: { traces: { unknown: kept.length } } });

  rmSync(ballast);
  const { structured } = await call("record_trace", { task: "after", reasoning: "r" });
  kept.push(String(structured.trace_id));
  await close();
  const ledger = await openSqliteLedger(join(disk.path, "handbook.sqlite"));
  expect(await ledger.check()).toEqual([]);
  expect(await ledger.traces(kept)).toHaveLength(kept.length);
  await ledger.close();
});
