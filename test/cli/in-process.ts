import { Readable, Writable } from "node:stream";
import { format } from "node:util";
import { main } from "../../src/cli/main.ts";
import type { Run } from "./run-handbook.ts";

interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** What the program takes itself for: `init` writes it into the clients' files. */
  entry: string;
  cwd?: string | undefined;
  input?: string | undefined;
}

const METHODS = ["log", "info", "debug", "warn", "error"] as const;
const EVENTS = ["uncaughtException", "unhandledRejection", "SIGINT"] as const;

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs the command line in this process, as if it were one of its own: with this environment and nothing else, this
 * working directory, stdin and arguments. A tenth of the time of a process, so it is for what does not hang on one.
 * Those that are asked for at once run one after the other.
 */
export function runInProcess(args: readonly string[], surroundings: Surroundings): Promise<Run> {
  const run = last.then(() => runAlone(args, surroundings));
  last = run.catch(() => {});
  return run;
}

async function runAlone(args: readonly string[], { env, entry, cwd, input }: Surroundings): Promise<Run> {
  const output = { stdout: "", stderr: "" };
  const sink = (stream: keyof typeof output) =>
    new Writable({
      decodeStrings: false,
      write(chunk: string | Buffer, _, done) {
        output[stream] += chunk.toString();
        done();
      },
    });
  const streams = {
    stdin: Readable.from(input ? [Buffer.from(input)] : []),
    stdout: sink("stdout"),
    stderr: sink("stderr"),
  };
  const undo: (() => void)[] = [];
  const put = <T extends object>(target: T, name: keyof T, value: unknown) => {
    const before = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: true });
    undo.push(() => {
      if (before === undefined) delete target[name];
      else Object.defineProperty(target, name, before);
    });
  };
  const environment = { ...process.env };
  undo.push(() => replace(environment));
  const before = process.cwd();
  undo.push(() => process.chdir(before));
  for (const name of ["stdin", "stdout", "stderr"] as const) put(process, name, streams[name]);
  for (const name of METHODS)
    put(console, name, (...words: unknown[]) => void streams.stderr.write(`${format(...words)}\n`));
  put(process, "argv", [process.execPath, entry, ...args]);
  put(process, "exit", (code?: number) => {
    throw new Ended(code ?? Number(process.exitCode ?? 0));
  });
  for (const event of EVENTS) {
    const before = process.listeners(event as "SIGINT");
    undo.push(() => {
      for (const added of process.listeners(event as "SIGINT"))
        if (!before.includes(added)) process.off(event, added);
    });
  }
  const { exitCode } = process;
  undo.push(() => {
    process.exitCode = exitCode;
  });
  process.exitCode = undefined;
  try {
    replace(env);
    if (cwd !== undefined) process.chdir(cwd);
    const code = await main(args);
    return { code, ...output };
  } catch (error) {
    if (error instanceof Ended) return { code: error.code, ...output };
    throw error;
  } finally {
    for (const back of undo.reverse()) back();
  }
}

/** Thrown where the process would end. */
class Ended extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`the process ended with ${code}`);
    this.code = code;
  }
}

/** In place: native code and `os.homedir()` read the environment of the process, not an object. */
function replace(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value;
}
