import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const WRITER = join(import.meta.dirname, "ledger-writer.ts");

/** A process that records traces in the ledger at `address`, with the ids that it was told are kept. */
export function startWriter(address: string, traces: number, stderr: "inherit" | "ignore" = "inherit") {
  const args = ["--disable-warning=ExperimentalWarning", WRITER, address, String(traces)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", stderr] });
  const acknowledged: string[] = [];
  let rest = "";
  child.stdout.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    acknowledged.push(...lines);
  });
  return { child, acknowledged, ended: once(child, "close") };
}
