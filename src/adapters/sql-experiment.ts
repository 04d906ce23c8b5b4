import { type Selectable, sql } from "kysely";
import type { BehaviorKey } from "../model/behavior.ts";
import type { Draw } from "../model/episode.ts";
import type { DrawnEpisode, ExperimentReads, ExperimentWrites } from "../ports/experiment.ts";
import type { Database, Tables } from "./sql-schema.ts";
import { TESTED } from "./sql-statistics.ts";

const PAGE = 2000; // episodes
const SIMILAR_EACH = 10; // newest traces that cite one behavior
const SIMILAR_BEHAVIORS = 8;

/** What an estimate reads, over any database that Kysely speaks. */
export function sqlExperimentReads(db: Database): ExperimentReads {
  return {
    async assignmentSalt() {
      const query = db.selectFrom("secrets").select("value").where("name", "=", "assignment");
      return (await query.executeTakeFirstOrThrow()).value;
    },

    async draw(episodeId) {
      const query = db.selectFrom("draws").selectAll().where("episode_id", "=", episodeId);
      const row = await query.executeTakeFirst();
      return row && drawOf(row);
    },

    async similarTasks(keys) {
      if (keys.length === 0) return { counted: 0 };
      // Of each behavior the newest by the index alone: a popular one is cited by tens of thousands of traces.
      const newest = keys.slice(0, SIMILAR_BEHAVIORS).map(
        ({ handbook, name }) => sql`select * from (select trace_id from citations
          where handbook = ${handbook} and name = ${name} order by trace_id desc limit ${SIMILAR_EACH}) as x`,
      );
      const rows = await db
        .selectFrom("traces")
        .select(["output_tokens", "tokens_counted_by", "outcome"])
        .where(sql<boolean>`id in (${sql.join(newest, sql` union `)})`)
        .orderBy("id") // sums of floating-point numbers depend on their order
        .execute();
      const logs = rows
        .filter(({ tokens_counted_by, output_tokens }) => tokens_counted_by === "caller" && output_tokens > 0)
        .map(({ output_tokens }) => Math.log(output_tokens));
      const known = rows.filter(({ outcome }) => outcome !== "unknown");
      const share = known.filter(({ outcome }) => outcome === "success").length / known.length;
      return {
        counted: logs.length,
        ...(logs.length > 0 && { mean_log_tokens: logs.reduce((sum, log) => sum + log, 0) / logs.length }),
        ...(known.length > 0 && { success: share }),
      };
    },

    async *episodes(handbook, { since = "", until }) {
      for (let after = ""; ; ) {
        const rows = await db
          .selectFrom("draws as d")
          .innerJoin("uses as u", "u.id", "d.episode_id")
          .leftJoin("traces as t", (join) =>
            join.on("t.id", "=", ({ selectFrom }) =>
              selectFrom("traces as x")
                .select(({ fn }) => fn.min("x.id").as("id"))
                .whereRef("x.episode_id", "=", "d.episode_id")
                .whereRef("x.created_at", "<=", "d.settles_at"),
            ),
          )
          .selectAll("d")
          .select(["t.id", "t.output_tokens", "t.tokens_counted_by", "t.report_tokens", "u.conversation"])
          .where("d.handbook", "=", handbook)
          .where("d.created_at", ">=", since)
          .where("d.settles_at", "<=", until)
          .where("d.episode_id", ">", after)
          .orderBy("d.episode_id")
          .limit(PAGE)
          .execute();
        const [first, last] = [rows[0]?.episode_id, rows.at(-1)?.episode_id];
        if (first === undefined || last === undefined) return;
        const page = new Map<string, DrawnEpisode>();
        const byTrace = new Map<string, DrawnEpisode>();
        for (const { id, output_tokens, tokens_counted_by, report_tokens, conversation, ...row } of rows) {
          const trace = id !== null &&
            output_tokens !== null &&
            tokens_counted_by !== null && {
              trace: {
                id,
                output_tokens,
                tokens_counted_by,
                ...(report_tokens !== null && { report_tokens }),
              },
            };
          const by_hook = conversation !== null;
          const drawn = { ...drawOf(row), handbook, ...trace, by_hook, reports: [], cited: [] };
          page.set(row.episode_id, drawn);
          if (id !== null) byTrace.set(id, drawn);
        }
        const reports = await db
          .selectFrom("outcome_reports")
          .select(["episode_id", "trace_id", "outcome", "evidence", "created_at"])
          .where("episode_id", ">=", first)
          .where("episode_id", "<=", last)
          .orderBy("id")
          .execute();
        for (const { episode_id, trace_id, outcome, evidence, created_at } of reports) {
          const drawn = page.get(episode_id ?? "");
          const isAbout = trace_id === null || trace_id === drawn?.trace?.id;
          if (drawn !== undefined && isAbout && created_at <= drawn.settles_at)
            drawn.reports.push({ outcome, evidence });
        }
        const named = (table: "citations" | "contaminations") => sql<BehaviorKey & { trace_id: string }>`
          select c.trace_id, c.handbook, c.name
          from draws d join traces t on t.episode_id = d.episode_id join ${sql.table(table)} c on c.trace_id = t.id
          where d.handbook = ${handbook} and d.episode_id >= ${first} and d.episode_id <= ${last}`;
        const { rows: names } = await sql<
          BehaviorKey & { trace_id: string }
        >`${named("citations")} union all ${named("contaminations")} order by 1, 2, 3`.execute(db);
        for (const { trace_id, ...key } of names) byTrace.get(trace_id)?.cited.push(key);
        yield [...page.values()];
        after = last;
      }
    },

    async lifts(handbook, keys) {
      if (keys.length === 0) return [];
      return db
        .selectFrom("lifts")
        .select(["behavior_handbook as handbook", "name", "effect"])
        .where("handbook", "=", handbook)
        .where("name", "in", [...new Set(keys.map(({ name }) => name))])
        .execute();
    },

    async succeededTasks(handbook) {
      const { rows } = await sql<BehaviorKey & { tasks: number }>`
        select b.handbook, b.name, count(distinct t.task) as tasks
        from behaviors b join citations c on c.handbook = b.handbook and c.name = b.name
          join traces t on t.id = c.trace_id
        where b.handbook = ${handbook} and b.status = 'probation' and t.outcome = 'success'
          and t.evidence in (${sql.join(TESTED)})
        group by b.handbook, b.name order by b.name`.execute(db);
      return rows.map(({ tasks, ...key }) => ({ ...key, tasks: Number(tasks) }));
    },
  };
}

/** The writes of that inside the transaction `tx`. */
export function sqlExperimentWrites(tx: Database): ExperimentWrites {
  return {
    async addDraw(handbook, { candidates, covariates, withheld, ...draw }) {
      const texts = { candidates: JSON.stringify(candidates), covariates: JSON.stringify(covariates) };
      await tx
        .insertInto("draws")
        .values({ handbook, ...draw, ...texts, withheld: withheld ?? null })
        .execute();
    },

    async addContaminations(trace_id, keys) {
      if (keys.length === 0) return;
      await tx
        .insertInto("contaminations")
        .values(keys.map(({ handbook, name }) => ({ trace_id, handbook, name })))
        .execute();
    },

    async setLifts(handbook, lifts) {
      await tx.deleteFrom("lifts").where("handbook", "=", handbook).execute();
      for (const { handbook: behavior_handbook, name, effect } of lifts)
        await tx.insertInto("lifts").values({ handbook, behavior_handbook, name, effect }).execute();
    },
  };
}

function drawOf({
  handbook: _,
  candidates,
  covariates,
  withheld,
  ...row
}: Selectable<Tables["draws"]>): Draw {
  return {
    ...row,
    seq: Number(row.seq),
    candidates: JSON.parse(candidates),
    covariates: JSON.parse(covariates),
    ...(withheld !== null && { withheld }),
  };
}
