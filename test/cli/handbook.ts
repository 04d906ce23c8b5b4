import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { UNDRAWN } from "../undrawn.ts";

const ENTRY = join(import.meta.dirname, "../../dist/behavior-handbook.js");

/** Runs the built command to its end, without any setting but these. Starters are off unless they are asked for. */
export async function handbook(args: readonly string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    env: { PATH: process.env.PATH, HANDBOOK_STARTERS: "off", ...UNDRAWN, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (output.stdout += chunk));
  child.stderr.on("data", (chunk) => (output.stderr += chunk));
  const [code] = await once(child, "close");
  return { code: code as number, ...output };
}
