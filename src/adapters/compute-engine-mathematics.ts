import { Worker } from "node:worker_threads";
import { HandbookError } from "../errors.ts";
import type { Mathematics } from "../ports/mathematics.ts";
import type { Question } from "./compute-engine-worker.ts";

const WORKER = new URL(
  `./compute-engine-worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`,
  import.meta.url,
);
const MAX_LENGTH = 400; // characters of a formula
const LOADING_MS = 30_000;
const MEMORY_MB = 512;

interface Job {
  question: Question;
  resolve(answer: boolean | undefined): void;
  reject(error: unknown): void;
}

/**
 * Equality of formulas by the Compute Engine, in a thread of its own: what takes longer than `limitMs`, or takes the
 * thread's memory, ends with the thread, and the next question gets a new one. One question at a time; the same one is
 * asked once.
 *
 * Throws, when it is asked: CHECK_FAILED where the thread does not start within `loadingMs`.
 */
export function computeEngineMathematics({ limitMs = 3000, loadingMs = LOADING_MS } = {}): Mathematics {
  const known = new Map<string, Promise<boolean | undefined>>();
  const waiting: Job[] = [];
  let thread: Thread | undefined;
  let isBusy = false;

  const next = async () => {
    if (isBusy) return;
    isBusy = true;
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      try {
        thread ??= await startThread(loadingMs);
        const told = await thread.ask(job.question, limitMs);
        if (told === undefined) {
          await thread.end();
          thread = undefined;
        }
        job.resolve(told?.answer);
      } catch (error) {
        job.reject(error);
      }
    }
    isBusy = false;
  };
  return {
    areEqual(a, b) {
      if (Math.max(a.length, b.length) > MAX_LENGTH) return Promise.resolve(undefined);
      const key = JSON.stringify([a, b]);
      const answer =
        known.get(key) ??
        new Promise<boolean | undefined>((resolve, reject) => {
          waiting.push({ question: [a, b], resolve, reject });
          void next();
        });
      known.set(key, answer);
      return answer;
    },
    async close() {
      await thread?.end();
      thread = undefined;
    },
  };
}

interface Thread {
  /** Undefined when the thread did not live to answer. */
  ask(question: Question, limitMs: number): Promise<{ answer: boolean | undefined } | undefined>;
  end(): Promise<void>;
}

async function startThread(loadingMs: number): Promise<Thread> {
  const worker = new Worker(WORKER, {
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  });
  const end = async () => void (await worker.terminate());
  const told = <T>(limitMs: number) =>
    new Promise<T | undefined>((resolve) => {
      const done = (answer?: T) => {
        clearTimeout(limit);
        worker.off("message", done).off("error", failed).off("exit", failed);
        worker.unref(); // a thread with nothing to do keeps no process alive
        resolve(answer);
      };
      const failed = () => done();
      const limit = setTimeout(failed, limitMs);
      worker.ref();
      worker.on("message", done).on("error", failed).on("exit", failed);
    });
  worker.on("error", () => {}); // what happens between two questions is noticed at the next one
  if ((await told(loadingMs)) === undefined) {
    await end();
    throw new HandbookError(
      "CHECK_FAILED",
      "the computer algebra did not start, so formulas were not compared",
      {
        fix: "Run it again when the machine is less busy; if that does not help, install the package anew",
      },
    );
  }
  return {
    ask(question, limitMs) {
      const answer = told<{ answer: boolean | undefined }>(limitMs);
      worker.postMessage(question);
      return answer;
    },
    end,
  };
}
