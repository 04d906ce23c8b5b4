import { setImmediate as turn } from "node:timers/promises";
import { type Kysely, sql, type Transaction } from "kysely";

type Work<DB, T> = (tx: Transaction<DB>) => Promise<T>;
type Run<DB> = <T>(work: Work<DB, T>) => Promise<T>;

interface Waiting<DB> {
  /** Its result is kept until the commit, and only then told. */
  run(tx: Transaction<DB>): Promise<void>;
  settle(): void;
  fail(error: unknown): void;
  /** In a transaction of its own. */
  alone(): Promise<void>;
}

const MOST = 64; // in one transaction: other processes wait meanwhile

/**
 * Writes that come at the same time share a transaction, and so one sync of the disk, each behind a
 * savepoint: one that throws is rolled back by itself. What is wrong with the transaction as a whole (a full disk, a
 * lock) makes each of them run again alone, so that it is told to those that it concerns.
 */
export function groupCommit<DB>(db: Kysely<DB>): Run<DB> {
  const waiting: Waiting<DB>[] = [];
  let working = false;

  async function workOff(): Promise<void> {
    working = true;
    await gathered();
    while (waiting.length > 0) {
      const group = waiting.splice(0, MOST);
      if (group.length === 1) await group[0]?.alone();
      else await together(group);
      await gathered();
    }
    working = false;
  }

  /** Waits as long as each turn of the event loop brings more: a sync takes longer than many turns. */
  async function gathered(): Promise<void> {
    let known: number;
    do {
      known = waiting.length;
      await turn();
    } while (waiting.length > known && waiting.length < MOST);
  }

  async function together(group: readonly Waiting<DB>[]): Promise<void> {
    let isBegun = false;
    try {
      await db.transaction().execute(async (tx) => {
        isBegun = true;
        for (const { run } of group) await run(tx);
      });
    } catch (error) {
      for (const { alone, fail } of group) {
        if (isBegun) await alone();
        else fail(error); // they have waited for the lock together, and not once each
      }
      return;
    }
    for (const { settle } of group) settle();
  }

  return <T>(work: Work<DB, T>) =>
    new Promise<T>((resolve, reject) => {
      let settle = () => {};
      waiting.push({
        async run(tx) {
          await SAVEPOINT.execute(tx);
          try {
            const result = await work(tx);
            await RELEASE.execute(tx);
            settle = () => resolve(result);
          } catch (error) {
            await UNDO.execute(tx); // throws where SQLite has ended the whole transaction
            await RELEASE.execute(tx);
            settle = () => reject(error);
          }
        },
        settle: () => settle(),
        fail: reject,
        alone: () => db.transaction().execute(work).then(resolve, reject),
      });
      if (!working) void workOff();
    });
}

const SAVEPOINT = sql`savepoint one`;
const RELEASE = sql`release one`;
const UNDO = sql`rollback to one`;
