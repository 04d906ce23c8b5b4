import { sql } from "kysely";
import { type Behavior, behaviorId } from "../../model/behavior.ts";
import type { IndexDocument, LedgerReads } from "../../ports.ts";
import { sqlExperimentReads } from "./sql-experiment.ts";
import { sqlIndexStateReads } from "./sql-index-state.ts";
import { sqlKeyReads } from "./sql-keys.ts";
import { sqlLearningReads } from "./sql-learning.ts";
import { keptRevisions } from "./sql-revisions.ts";
import { behaviorOf, decisionOf, documentOf, handbookOf, outcomeReportOf, reflectionOf } from "./sql-rows.ts";
import { type Database, type Tables, traceKey } from "./sql-schema.ts";
import { counts, solvedTasks, usage } from "./sql-statistics.ts";
import { sqlTraceReads } from "./sql-traces.ts";
import { sqlTrainingReads } from "./sql-training.ts";

const KEYS_PER_QUERY = 200;

/** The ledger's reads over any database that Kysely speaks. */
export function sqlReads(db: Database): LedgerReads {
  const currentRevisions = () =>
    db
      .selectFrom("behaviors as b")
      .innerJoin("behavior_revisions as r", (join) =>
        join
          .onRef("r.handbook", "=", "b.handbook")
          .onRef("r.name", "=", "b.name")
          .onRef("r.revision", "=", "b.revision"),
      );

  const revisionsOf = keptRevisions(db);

  return {
    ...sqlIndexStateReads(db),
    ...sqlExperimentReads(db),
    ...sqlKeyReads(db),
    ...sqlLearningReads(db),
    ...sqlTraceReads(db),
    ...sqlTrainingReads(db),

    async handbooks() {
      return (await db.selectFrom("handbooks").selectAll().orderBy("slug").execute()).map(handbookOf);
    },

    async handbook(slug) {
      const row = await db.selectFrom("handbooks").selectAll().where("slug", "=", slug).executeTakeFirst();
      return row && handbookOf(row);
    },

    async behavior({ handbook, name }) {
      const row = await currentRevisions()
        .selectAll("r")
        .where("b.handbook", "=", handbook)
        .where("b.name", "=", name)
        .executeTakeFirst();
      return row && behaviorOf(row);
    },

    async behaviorsByKey(keys) {
      const wanted = new Set(keys.map(behaviorId));
      const found: Behavior[] = [];
      for (let i = 0; i < keys.length; i += KEYS_PER_QUERY) {
        const some = keys.slice(i, i + KEYS_PER_QUERY);
        // Two lists instead of pairs, which SQLite looks up by the key; what they match too many is left out below.
        const heads = await db
          .selectFrom("behaviors")
          .select(["handbook", "name", "revision"])
          .where("handbook", "in", [...new Set(some.map(({ handbook }) => handbook))])
          .where("name", "in", [...new Set(some.map(({ name }) => name))])
          .execute();
        found.push(...(await revisionsOf(heads.filter((head) => wanted.delete(behaviorId(head))))));
      }
      return found;
    },

    async behaviors(handbook, filter = {}) {
      let query = currentRevisions().selectAll("r").where("b.handbook", "=", handbook).orderBy("b.name");
      if (filter.status !== undefined) query = query.where("b.status", "=", filter.status);
      if (filter.topic !== undefined)
        query = query.where(sql`lower(b.topic)`, "=", filter.topic.toLowerCase());
      return (await query.execute()).map(behaviorOf);
    },

    async revisions({ handbook, name }) {
      const rows = await db
        .selectFrom("behavior_revisions")
        .selectAll()
        .where("handbook", "=", handbook)
        .where("name", "=", name)
        .orderBy("revision")
        .execute();
      return rows.map(behaviorOf);
    },

    async headSeq() {
      const { value } = await db
        .selectFrom("counters")
        .select("value")
        .where("name", "=", "behaviors")
        .executeTakeFirstOrThrow();
      return Number(value);
    },

    async behaviorsSince(afterSeq, handbooks, limit) {
      const rows = await currentRevisions()
        .selectAll("r")
        .where("b.seq", ">", afterSeq)
        .where("b.handbook", "in", [...handbooks])
        .orderBy("b.seq", "desc")
        .limit(limit)
        .execute();
      return rows.map(behaviorOf);
    },

    async changedBehaviors(afterSeq, limit) {
      const rows = await currentRevisions()
        .selectAll("r")
        .select("b.seq")
        .where("b.seq", ">", afterSeq)
        .orderBy("b.seq")
        .limit(limit)
        .execute();
      const last = rows.at(-1);
      if (last === undefined) return { seq: afterSeq, documents: [] };
      const solved = await solvedTasks(db, sql`b.seq > ${afterSeq} and b.seq <= ${last.seq}`);
      return { seq: Number(last.seq), documents: rows.map((row) => documentOf(row, solved)) };
    },

    async documents(keys) {
      const wanted = new Set(keys.map(behaviorId));
      const found: IndexDocument[] = [];
      for (let i = 0; i < keys.length; i += KEYS_PER_QUERY) {
        const some = keys.slice(i, i + KEYS_PER_QUERY);
        const handbooks = sql.join([...new Set(some.map(({ handbook }) => handbook))]);
        const names = sql.join([...new Set(some.map(({ name }) => name))]);
        const which = sql<boolean>`b.handbook in (${handbooks}) and b.name in (${names})`;
        const rows = await currentRevisions().selectAll("r").where(which).execute();
        const solved = await solvedTasks(db, which);
        for (const row of rows) if (wanted.delete(behaviorId(row))) found.push(documentOf(row, solved));
      }
      return found;
    },

    async behaviorCount() {
      const { n } = await db
        .selectFrom("behaviors")
        .select((x) => x.fn.countAll().as("n"))
        .executeTakeFirstOrThrow();
      return Number(n);
    },

    async use(id) {
      const row = await db.selectFrom("uses").selectAll().where("id", "=", id).executeTakeFirst();
      return row && useOf(db, row);
    },

    async latestUseOfConversation(conversation) {
      const row = await db
        .selectFrom("uses")
        .selectAll()
        .where("conversation", "=", conversation)
        .orderBy("id", "desc")
        .limit(1)
        .executeTakeFirst();
      return row && useOf(db, row);
    },

    servedInEpisode: (episodeId) => behaviorsOfEpisode(db, episodeId, 1),
    withheldInEpisode: (episodeId) => behaviorsOfEpisode(db, episodeId, 0),

    async outcomeReports(about) {
      const query = db.selectFrom("outcome_reports").selectAll().orderBy("id");
      const rows = await ("trace_id" in about
        ? query.where("trace_id", "=", about.trace_id)
        : query.where("episode_id", "=", about.episode_id)
      ).execute();
      return rows.map(outcomeReportOf);
    },

    async reflection(id) {
      const row = await db.selectFrom("reflections").selectAll().where("id", "=", id).executeTakeFirst();
      return row && reflectionOf(row);
    },

    async reflectionsOn(traceIds) {
      const rows = await db
        .selectFrom("reflections")
        .selectAll()
        .where("trace_key", "=", traceKey(traceIds))
        .orderBy("id", "desc")
        .execute();
      return rows.map(reflectionOf);
    },

    async decisions(reflectionId) {
      const rows = await db
        .selectFrom("decisions")
        .selectAll()
        .where("reflection_id", "=", reflectionId)
        .orderBy("position")
        .execute();
      return rows.map(decisionOf);
    },

    counts: (handbook, period) => counts(db, handbook, period),
    usage: (handbook, period, mostCited) => usage(db, handbook, period, mostCited),
  };
}

async function behaviorsOfEpisode(db: Database, episodeId: string, served: 0 | 1) {
  return db
    .selectFrom("use_behaviors as ub")
    .innerJoin("uses as u", "u.id", "ub.use_id")
    .select(["ub.handbook", "ub.name", "ub.revision", "ub.score"])
    .where("u.episode_id", "=", episodeId)
    .where("ub.served", "=", served)
    .orderBy("ub.use_id")
    .orderBy("ub.position")
    .execute();
}

async function useOf(db: Database, row: Tables["uses"]) {
  const rows = await db
    .selectFrom("use_behaviors")
    .select(["handbook", "name", "revision", "score", "served"])
    .where("use_id", "=", row.id)
    .orderBy("position")
    .execute();
  const ranked = (served: 0 | 1) =>
    rows.filter((r) => r.served === served).map(({ served: _, ...behavior }) => behavior);
  const { topic, agent, conversation, ...use } = row;
  return {
    ...use,
    ...(topic !== null && { topic }),
    ...(agent !== null && { agent }),
    ...(conversation !== null && { conversation }),
    served: ranked(1),
    withheld: ranked(0),
  };
}
