import PQueue from "p-queue";

/** How a piece of work ended. */
export type Ended<R> = { result: R } | { error: unknown };

/** Begins one piece of work by saying what is to be run; undefined when nothing more may begin. */
export type Begin<T, R> = (item: T) => Promise<(() => Promise<R>) | undefined>;

/**
 * Runs work a few at a time and hands it over in its order. What comes next begins when so many are `ahead` as may be, so what
 * a beginning sees of what was handed over before it never depends on how fast anything was.
 */
export async function* inOrder<T, R>(
  items: Iterable<T>,
  { concurrency, ahead }: { concurrency: number; ahead: number },
  begin: Begin<T, R>,
): AsyncGenerator<{ item: T } & Ended<R>> {
  const queue = new PQueue({ concurrency });
  const waiting = items[Symbol.iterator]();
  const underWay: { item: T; ended: Promise<Ended<R>> }[] = [];
  let isOver = false;
  let isStopped = false;
  try {
    for (;;) {
      while (!isOver && underWay.length < Math.max(ahead, concurrency)) {
        const next = waiting.next();
        const run = next.done ? undefined : await begin(next.value);
        if (next.done || run === undefined) {
          isOver = true;
          break;
        }
        const task = () => (isStopped ? Promise.reject(new Error("stopped")) : run());
        const ended = queue.add(task).then(
          (result): Ended<R> => ({ result }),
          (error: unknown): Ended<R> => ({ error }),
        );
        underWay.push({ item: next.value, ended });
      }
      const first = underWay.shift();
      if (first === undefined) return;
      yield { item: first.item, ...(await first.ended) };
    }
  } finally {
    // What was asked is waited for, so that its answer is kept; what was not is left.
    isStopped = true;
    await Promise.all(underWay.map(({ ended }) => ended));
  }
}
