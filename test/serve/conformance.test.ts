import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const SCRIPT = join(import.meta.dirname, "../../scripts/conformance.ts");

test("the conformance suite of the protocol finds only what the baseline gives a reason for", () => {
  const { status, stdout } = spawnSync(process.execPath, [SCRIPT], { encoding: "utf8" });
  expect(status, stdout.slice(stdout.indexOf("=== SUMMARY ==="))).toBe(0);
}, 120_000);
