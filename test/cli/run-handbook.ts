import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { tempDirectory } from "../ports.ts";
import { UNDRAWN } from "../undrawn.ts";
import { runInProcess } from "./in-process.ts";

export const ENTRY = join(import.meta.dirname, "..", "..", "dist", "behavior-handbook.js");

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A person's machine: an empty home, an empty data directory and an empty project, gone after the test. */
export interface Machine extends Disposable {
  home: string;
  data: string;
  project: string;
  env: Record<string, string>;
}

export function machine(env: Record<string, string> = {}): Machine {
  const directory = tempDirectory();
  const [home, data, project] = ["home", "data", "project"].map((name) => join(directory.path, name));
  if (home === undefined || data === undefined || project === undefined) throw new Error("unreachable");
  for (const path of [home, project]) mkdirSync(path);
  return {
    home,
    data,
    project,
    env: {
      // The Node of this run goes first, as it would on a machine that has it.
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: home,
      HANDBOOK_HOME: data,
      ...UNDRAWN,
      ...env,
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

/** Runs a command to its end. */
export function runHandbook(
  { env, project }: Machine,
  args: readonly string[],
  { input }: { input?: string } = {},
): Promise<Run> {
  return runInProcess(args, { env, entry: ENTRY, cwd: project, input });
}

/** The same in a process of its own, by the built program. Stdin ends after `input`, unless `keepOpen`. */
export function runBuilt(
  { env, project }: Machine,
  args: readonly string[],
  { entry = ENTRY, ...stdin }: { input?: string; keepOpen?: boolean; entry?: string } = {},
): Promise<Run> {
  return run(process.execPath, [entry, ...args], { env, cwd: project, ...stdin });
}

/** Runs any program to its end. */
export function run(
  command: string,
  args: readonly string[],
  options: { env: Record<string, string>; cwd?: string; input?: string; keepOpen?: boolean },
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { cwd: options.cwd, env: options.env });
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        output[stream] += text;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...output }));
    child.stdin.on("error", () => {}); // it may have ended before it read everything
    child.stdin.write(options.input ?? "");
    if (!options.keepOpen) child.stdin.end();
  });
}
