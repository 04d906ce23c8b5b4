import { HandbookError } from "../errors.ts";
import type { Ports } from "../ports.ts";

/** What goes along with one call. */
export interface CallBounds {
  /** From then on nothing more is stored and no model is asked. */
  signal: AbortSignal;
  /** W3C trace context, for the endpoints that are asked on its behalf. */
  traceparent?: string | undefined;
}

/** The ports for one call, and whether a write had begun, so that its end can say whether something was stored. */
export function bound(
  ports: Ports,
  { signal, traceparent }: CallBounds,
): { ports: Ports; hasWritten(): boolean } {
  const { ledger, llm, vectors } = ports;
  let hasWritten = false;
  return {
    hasWritten: () => hasWritten,
    ports: {
      ...ports,
      ledger: {
        ...ledger,
        write(work) {
          signal.throwIfAborted();
          hasWritten = true;
          return ledger.write(work);
        },
      },
      ...(vectors && {
        vectors: { ...vectors, search: (search) => vectors.search({ ...search, traceparent }) },
      }),
      ...(llm && {
        llm: {
          model: llm.model,
          complete: (messages) => {
            signal.throwIfAborted();
            return llm.complete(messages, { signal, traceparent });
          },
        },
      }),
    },
  };
}

/** Throws: TIMED_OUT when `work` is not done in time. It goes on to its next write or question to a model, and ends there. */
export function inTime<T>(
  ports: Ports,
  seconds: number,
  traceparent: string | undefined,
  work: (ports: Ports) => Promise<T>,
): { answer: Promise<T>; ended: Promise<unknown> } {
  const stop = new AbortController();
  const one = bound(ports, { signal: stop.signal, traceparent });
  const running = work(one.ports);
  const answer = new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = timedOut(seconds, one.hasWritten());
      stop.abort(error);
      reject(error);
    }, seconds * 1000);
    running.then(resolve, reject).finally(() => clearTimeout(timer));
  });
  return { answer, ended: running.catch(() => {}) };
}

function timedOut(seconds: number, hasWritten: boolean): HandbookError {
  return new HandbookError("TIMED_OUT", `it was not done within ${seconds} seconds and was stopped`, {
    fix: hasWritten
      ? "Something may have been stored: look before you try again. The same trace recorded twice is one trace"
      : "Nothing was stored, and nothing will be. Try again",
  });
}
