import { sql } from "kysely";
import type { TrainingReads } from "../../ports/training.ts";
import type { Database } from "./sql-schema.ts";

const FACTS = [
  "t.id",
  "t.handbook",
  "t.task",
  "t.outcome",
  "t.evidence",
  "t.use_id",
  "t.created_at",
] as const;

/** Reads of the ledger for training data. */
export function sqlTrainingReads(db: Database): TrainingReads {
  return {
    async tracesAfter(after, limit, { handbook, since } = {}) {
      let query = db
        .selectFrom("traces as t")
        .select(FACTS)
        .select(
          sql<number>`case when exists (
            select 1 from uses u join use_behaviors ub on ub.use_id = u.id
            where u.episode_id = t.episode_id and ub.served = 1
          ) then 1 else 0 end`.as("served"),
        )
        .where("t.id", ">", after)
        .orderBy("t.id")
        .limit(limit);
      if (handbook !== undefined) query = query.where("t.handbook", "=", handbook);
      if (since !== undefined) query = query.where("t.created_at", ">=", since);
      return (await query.execute()).map(({ served, use_id, ...facts }) => ({
        ...facts,
        ...(use_id !== null && { use_id }),
        wasServed: Number(served) === 1,
      }));
    },
  };
}
