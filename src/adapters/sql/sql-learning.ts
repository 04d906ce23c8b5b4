import { type Kysely, sql } from "kysely";
import type { LearningReads, LearningWrites } from "../../ports/learning.ts";
import { type Database, traceKey } from "./sql-schema.ts";
import { isUnreflected } from "./sql-unreflected.ts";

/** What waits to be reflected on. A row stays when it was: the reflections on its first trace tell. */
export async function createLearning(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("learning_queue")
    .addColumn("handbook", "text", (c) => c.notNull().references("handbooks.slug"))
    .addColumn("trace_key", "text", (c) => c.notNull())
    .addColumn("trace_id", "text", (c) => c.notNull().references("traces.id"))
    .addColumn("trace_ids", "text", (c) => c.notNull())
    .addColumn("rank", "integer", (c) => c.notNull())
    .addColumn("stake", "double precision", (c) => c.notNull())
    .addColumn("step", "text")
    .addPrimaryKeyConstraint("learning_queue_pk", ["handbook", "trace_key"])
    .execute();
  await db.schema
    .createIndex("learning_queue_order")
    .on("learning_queue")
    .columns(["handbook", "rank", "stake"])
    .execute();
}

export function sqlLearningReads(db: Database): LearningReads {
  return {
    async queuedReflections(handbook, openedAfter, limit) {
      const rows = await db
        .selectFrom("learning_queue")
        .selectAll()
        .where("handbook", "=", handbook)
        .where(isUnreflected("learning_queue.trace_id", openedAfter))
        .orderBy("rank")
        .orderBy("stake", "desc")
        .orderBy(sql`trace_key`)
        .limit(limit)
        .execute();
      return rows.map(({ trace_ids, trace_key: _, trace_id: __, step, ...row }) => ({
        ...row,
        trace_ids: JSON.parse(trace_ids),
        ...(step !== null && { step }),
      }));
    },
  };
}

export function sqlLearningWrites(tx: Database): LearningWrites {
  return {
    async queueReflections(added) {
      for (const { handbook, trace_ids, rank, stake, step = null } of added) {
        await tx
          .insertInto("learning_queue")
          .values({
            handbook,
            rank,
            stake,
            step,
            trace_key: traceKey(trace_ids),
            trace_id: trace_ids[0] ?? "",
            trace_ids: JSON.stringify(trace_ids),
          })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
    },
  };
}
