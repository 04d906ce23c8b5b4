import type { LedgerReads } from "../../ports.ts";
import { traceOf } from "./sql-rows.ts";
import type { Database } from "./sql-schema.ts";
import { isUnreflected } from "./sql-unreflected.ts";

const SUMMARY = ["id", "task", "outcome", "evidence", "output_tokens", "created_at"] as const;

type TraceReads = Pick<
  LedgerReads,
  "traces" | "traceWithHash" | "citations" | "latestTraceOfEpisode" | "unreflectedTraces" | "recentTraces"
>;

/** The reads of traces. */
export function sqlTraceReads(db: Database): TraceReads {
  return {
    async traces(ids) {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom("traces").selectAll().where("id", "in", ids).execute();
      const byId = new Map(rows.map((row) => [row.id, traceOf(row)]));
      return ids.flatMap((id) => byId.get(id) ?? []);
    },

    async traceWithHash(hash) {
      const row = await db.selectFrom("traces").selectAll().where("hash", "=", hash).executeTakeFirst();
      return row && traceOf(row);
    },

    async citations(traceId) {
      return db.selectFrom("citations").selectAll().where("trace_id", "=", traceId).orderBy("name").execute();
    },

    async latestTraceOfEpisode(episodeId) {
      const row = await db
        .selectFrom("traces")
        .selectAll()
        .where("episode_id", "=", episodeId)
        .orderBy("id", "desc")
        .limit(1)
        .executeTakeFirst();
      return row && traceOf(row);
    },

    async unreflectedTraces(handbook, openedAfter, limit) {
      return db
        .selectFrom("traces")
        .select(SUMMARY)
        .where("handbook", "=", handbook)
        .where(isUnreflected("traces.id", openedAfter))
        .orderBy("id", "desc")
        .limit(limit)
        .execute();
    },

    async recentTraces(limit, handbooks) {
      const newest = db.selectFrom("traces").select(SUMMARY).orderBy("id", "desc").limit(limit);
      return (handbooks === undefined ? newest : newest.where("handbook", "in", handbooks)).execute();
    },
  };
}
