import { type Selectable, sql } from "kysely";
import { type BehaviorKey, behaviorId } from "../../model/behavior.ts";
import type { Draw } from "../../model/episode.ts";
import type { DrawnEpisode, ExperimentReads, ExperimentWrites, Rewording } from "../../ports/experiment.ts";
import type { Database, Tables } from "./sql-schema.ts";
import { TESTED } from "./sql-statistics.ts";

const PAGE = 250; // episodes: other work waits while one is read
const KEYS_PER_QUERY = 200;
const SIMILAR_EACH = 20; // newest traces that cite one behavior
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

    async similarAttempts(handbook, keys) {
      if (keys.length === 0) return [];
      // Of each behavior the newest by the index alone: a popular one is cited by tens of thousands of traces.
      const newest = keys.slice(0, SIMILAR_BEHAVIORS).map(
        (key) => sql`select * from (select trace_id from citations
          where handbook = ${key.handbook} and name = ${key.name} order by trace_id desc limit ${SIMILAR_EACH}) as x`,
      );
      const rows = await db
        .selectFrom("traces")
        .select(["output_tokens", "tokens_counted_by", "outcome", "evidence"])
        .where(sql<boolean>`id in (${sql.join(newest, sql` union `)})`)
        .where("handbook", "=", handbook) // a starter is cited by others' traces too
        .orderBy("id") // sums of floating-point numbers depend on their order
        .execute();
      return rows.map(({ tokens_counted_by, output_tokens, ...ended }) => ({
        ...ended,
        ...(tokens_counted_by === "caller" && output_tokens > 0 && { output_tokens }),
      }));
    },

    async *episodes(handbook, { since = "", until }) {
      for (let after = ""; ; ) {
        const rows = await db
          .selectFrom("draws as d")
          .innerJoin("uses as u", "u.id", "d.episode_id")
          .selectAll("d")
          .select("u.conversation")
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
        for (const row of rows) {
          const came = { handbook, by_hook: row.conversation !== null, reports: [], cited: [] };
          page.set(row.episode_id, Object.assign(drawOf(row), came));
        }
        const inTime = new Map<DrawnEpisode, TraceRow[]>();
        for (const row of await tracesOf(db, first, last)) {
          const drawn = page.get(row.episode_id ?? "");
          if (drawn === undefined || row.created_at > drawn.settles_at) continue;
          const earlier = inTime.get(drawn);
          if (earlier === undefined) inTime.set(drawn, [row]);
          else earlier.push(row);
        }
        const byTrace = new Map<string, DrawnEpisode>();
        for (const [drawn, rows] of inTime) {
          const row = countedTrace(rows);
          if (row === undefined) continue;
          const { id, output_tokens, tokens_counted_by, report_tokens } = row;
          drawn.trace = { id, output_tokens, tokens_counted_by };
          if (report_tokens !== null) drawn.trace.report_tokens = report_tokens;
          byTrace.set(id, drawn);
        }
        const reports = await db
          .selectFrom("outcome_reports")
          .select(["episode_id", "outcome", "evidence", "created_at"])
          .where("episode_id", ">=", first)
          .where("episode_id", "<=", last)
          .orderBy("id")
          .execute();
        for (const { episode_id, outcome, evidence, created_at } of reports) {
          const drawn = page.get(episode_id ?? "");
          if (drawn !== undefined && created_at <= drawn.settles_at)
            drawn.reports.push({ outcome, evidence });
        }
        for (const { trace_id, ...key } of await namesOf(db, first, last))
          byTrace.get(trace_id)?.cited.push(key);
        yield [...page.values()];
        after = last;
      }
    },

    async reworded(keys, until) {
      const wanted = new Set(keys.map(behaviorId));
      const found: Rewording[] = [];
      for (let i = 0; i < keys.length; i += KEYS_PER_QUERY) {
        const some = keys.slice(i, i + KEYS_PER_QUERY);
        const handbooks = sql.join([...new Set(some.map(({ handbook }) => handbook))]);
        const names = sql.join([...new Set(some.map(({ name }) => name))]);
        const when = sql.ref("when");
        const { rows } = await sql<Rewording>`
          select b.handbook, b.name, max(r.revision) + 1 as since
          from behaviors b
            join behavior_revisions c on c.handbook = b.handbook and c.name = b.name and c.revision = (
              select max(x.revision) from behavior_revisions x
              where x.handbook = b.handbook and x.name = b.name and x.created_at <= ${until})
            join behavior_revisions r on r.handbook = c.handbook and r.name = c.name and r.revision < c.revision
          where b.handbook in (${handbooks}) and b.name in (${names}) and b.revision > 1
            and (r.instruction <> c.instruction or r.${when} <> c.${when})
          group by b.handbook, b.name`.execute(db);
        for (const { handbook, name, since } of rows)
          if (wanted.delete(behaviorId({ handbook, name })))
            found.push({ handbook, name, since: Number(since) });
      }
      return found;
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

type TraceRow = Awaited<ReturnType<typeof tracesOf>>[number];

/** Traces of a range of episodes, in their own order. */
function tracesOf(db: Database, first: string, last: string) {
  return db
    .selectFrom("traces as t")
    .leftJoin("uses as u", "u.id", "t.use_id")
    .select(["t.id", "t.episode_id", "t.created_at", "t.output_tokens", "t.tokens_counted_by"])
    .select(["t.report_tokens", "u.conversation"])
    .where("t.episode_id", ">=", first)
    .where("t.episode_id", "<=", last)
    .orderBy("t.id")
    .execute();
}

/**
 * The one of an episode's traces that tells what it took. A hook records a turn anew, whole, at each of its ends, so of
 * these it is the last; an agent's own report may come before them and has no count. Where no hook counted, the first.
 */
function countedTrace(rows: readonly TraceRow[]): TraceRow | undefined {
  const counted = rows.filter(({ tokens_counted_by }) => tokens_counted_by === "caller");
  return counted.findLast(({ conversation }) => conversation !== null) ?? counted[0] ?? rows[0];
}

/** What these traces cite, and what they name though it was withheld. */
async function namesOf(db: Database, first: string, last: string) {
  const named = (table: "citations" | "contaminations") => sql`select c.trace_id, c.handbook, c.name
    from traces t join ${sql.table(table)} c on c.trace_id = t.id
    where t.episode_id >= ${first} and t.episode_id <= ${last}`;
  const query = sql<BehaviorKey & { trace_id: string }>`
    ${named("citations")} union all ${named("contaminations")} order by 1, 2, 3`;
  return (await query.execute(db)).rows;
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

/** Field by field: rest and spread are slow for rows of a database, and there may be a hundred thousand. */
function drawOf(row: Selectable<Tables["draws"]>): Draw {
  const draw: Draw = {
    episode_id: row.episode_id,
    arm: row.arm,
    holdout: row.holdout,
    withhold: row.withhold,
    candidates: JSON.parse(row.candidates),
    covariates: JSON.parse(row.covariates),
    served_tokens: row.served_tokens,
    seq: Number(row.seq),
    created_at: row.created_at,
    settles_at: row.settles_at,
  };
  if (row.withheld !== null) draw.withheld = row.withheld;
  return draw;
}
