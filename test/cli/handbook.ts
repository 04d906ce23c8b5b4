import { UNDRAWN } from "../undrawn.ts";
import { runInProcess } from "./in-process.ts";
import { ENTRY, type Run, run } from "./run-handbook.ts";

type Environment = Record<string, string>;

/** Runs a command to its end, without any setting but these. Starters are off unless they are asked for. */
export function handbook(args: readonly string[], environment: Environment): Promise<Run> {
  return runInProcess(args, { env: only(environment), entry: ENTRY });
}

/** The same in a process of its own, by the built program. */
export function builtHandbook(args: readonly string[], environment: Environment): Promise<Run> {
  return run(process.execPath, [ENTRY, ...args], { env: only(environment) });
}

function only(environment: Environment): Environment {
  return { PATH: process.env.PATH ?? "", HANDBOOK_STARTERS: "off", ...UNDRAWN, ...environment };
}
