import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A process that runs a file of test/ and prints, a line each, what it was told is kept. */
export function startAcknowledging(
  file: string,
  args: readonly string[],
  stderr: "inherit" | "ignore" = "inherit",
) {
  const path = join(import.meta.dirname, file);
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", path, ...args], {
    stdio: ["pipe", "pipe", stderr],
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "node-compile-cache") }, // Node's own default
  });
  const acknowledged: string[] = [];
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    acknowledged.push(...lines);
  });
  return { child, acknowledged, ended: once(child, "close") };
}

/** A process that records traces in the ledger at `address`, with the ids that it was told are kept. */
export function startWriter(address: string, traces: number, stderr: "inherit" | "ignore" = "inherit") {
  return startAcknowledging("ledger-writer.ts", [address, String(traces)], stderr);
}
