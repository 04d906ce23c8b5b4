import { type RawBuilder, sql } from "kysely";
import type { BehaviorUsage, HandbookCounts } from "../ports/statistics.ts";
import { MAX_SOLVED_TASKS } from "../ports.ts";
import type { Database } from "./sql-schema.ts";

/** Evidence stronger than the agent's own word: what makes a success count as solved. */
export const TESTED = ["test", "checker", "user"] as const;
const TRACES_LOOKED_AT = 100; // for the ten newest solved tasks among them
const SOLVED_TASK_CHARACTERS = 2000; // a task is told in its beginning; the rest would only blur the index
/**
 * The tasks that were solved with some behaviors (`which`, a condition on `b`), newest first and distinct: tasks of
 * successes by outside evidence that cite the behavior, and the tasks that it was drawn from. Being served is no
 * credit, or the rich would get richer.
 */
export async function solvedTasks(db: Database, which: RawBuilder<unknown>): Promise<Map<string, string[]>> {
  // The newest rows of each behavior, by an index alone: a popular one is cited by tens of thousands of traces.
  const newest = (table: "citations" | "behavior_sources") => sql`
    select handbook, name, trace_id from (
      select b.handbook, b.name, x.trace_id,
        row_number() over (partition by b.handbook, b.name order by x.trace_id desc) as place
      from behaviors b join ${sql.table(table)} x on x.handbook = b.handbook and x.name = b.name
      where ${which}
    ) as ranked where place <= ${TRACES_LOOKED_AT}`;
  const task = sql`substr(t.task, 1, ${SOLVED_TASK_CHARACTERS}) as task`;
  const { rows } = await sql<{ handbook: string; name: string; id: string; task: string }>`
    select c.handbook, c.name, t.id, ${task} from (${newest("citations")}) as c join traces t on t.id = c.trace_id
      where t.outcome = 'success' and t.evidence in (${sql.join(TESTED)})
    union all
    select s.handbook, s.name, t.id, ${task} from (${newest("behavior_sources")}) as s join traces t on t.id = s.trace_id
    order by 3 desc`.execute(db);
  const tasks = new Map<string, string[]>();
  for (const row of rows) {
    const key = `${row.handbook}/${row.name}`;
    const known = tasks.get(key) ?? [];
    if (known.length < MAX_SOLVED_TASKS && !known.includes(row.task)) known.push(row.task);
    tasks.set(key, known);
  }
  return tasks;
}

export async function counts(db: Database, handbook: string, since: string): Promise<HandbookCounts> {
  const group = async (query: RawBuilder<{ key: string; n: number }>) => {
    const { rows } = await query.execute(db);
    return (key: string) => Number(rows.find((row) => row.key === key)?.n ?? 0);
  };
  const own = (table: "traces" | "uses" | "reflections", key: RawBuilder<unknown>, where = sql`1 = 1`) =>
    group(sql`select ${key} as key, count(*) as n from ${sql.table(table)}
      where handbook = ${handbook} and created_at >= ${since} and ${where} group by 1`);
  const behaviors = await group(
    sql`select status as key, count(*) as n from behaviors where handbook = ${handbook} group by 1`,
  );
  const traces = await own("traces", sql`outcome`);
  const tested = await own("traces", sql`outcome`, sql`evidence in (${sql.join(TESTED)})`);
  const tokens = await own("traces", sql`tokens_counted_by`);
  const uses = await own(
    "uses",
    sql`case when exists (select 1 from use_behaviors ub where ub.use_id = uses.id and ub.served = 1)
      then 'served' else 'empty' end`,
  );
  const reflections = await own("reflections", sql`status`);
  const decisions = await group(
    sql`select d.decision as key, count(*) as n from decisions d join reflections r on r.id = d.reflection_id
      where r.handbook = ${handbook} and d.created_at >= ${since} group by 1`,
  );
  const sum = async (query: RawBuilder<Record<string, number | null>>) => {
    const [row = {}] = (await query.execute(db)).rows;
    return (key: string) => Number(row[key] ?? 0);
  };
  const range = sql`handbook = ${handbook} and created_at >= ${since}`;
  const recorded = await sum(sql`select count(*) as n, count(use_id) as after_retrieval,
    sum(report_tokens) as report_tokens from traces where ${range}`);
  const episodes = await sum(sql`select count(*) as n,
    sum(case when exists (select 1 from traces t where t.episode_id = uses.id) then 1 else 0 end) as returned
    from uses where ${range} and id = episode_id`);
  const citing = await sum(sql`select count(*) as n,
    sum(case when exists (select 1 from citations c where c.trace_id = t.id) then 1 else 0 end) as citing
    from traces t where t.handbook = ${handbook} and t.created_at >= ${since} and exists (
      select 1 from uses u join use_behaviors ub on ub.use_id = u.id
      where u.episode_id = t.episode_id and ub.served = 1)`);
  const written = await sum(sql`select sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens
    from reflections where ${range}`);
  const pick = <K extends string>(of: (key: string) => number, ...keys: K[]) =>
    Object.fromEntries(keys.map((key) => [key, of(key)])) as Record<K, number>;
  return {
    behaviors: pick(behaviors, "probation", "active", "retired", "quarantined"),
    traces: pick(traces, "success", "failure", "unknown"),
    tested: pick(tested, "success", "failure"),
    traces_with_true_tokens: tokens("caller"),
    uses: uses("served") + uses("empty"),
    uses_served: uses("served"),
    report_tokens: recorded("report_tokens"),
    rates: {
      recorded: recorded("n"),
      after_retrieval: recorded("after_retrieval"),
      episodes: episodes("n"),
      returned: episodes("returned"),
      served: citing("n"),
      citing: citing("citing"),
    },
    reflections: {
      ...pick(reflections, "open", "done"),
      input_tokens: written("input_tokens"),
      output_tokens: written("output_tokens"),
    },
    decisions: pick(decisions, "add", "strengthen", "merge", "revise", "reject"),
  };
}

export async function usage(db: Database, handbook: string, since: string): Promise<BehaviorUsage[]> {
  const cited = (outcome?: "success" | "failure") =>
    sql<number>`(select count(*) from citations c join traces t on t.id = c.trace_id
      where c.handbook = b.handbook and c.name = b.name and t.created_at >= ${since}
      ${outcome === undefined ? sql`` : sql`and t.outcome = ${outcome}`})`;
  const rows = await db
    .selectFrom("behaviors as b")
    .where("b.handbook", "=", handbook)
    .orderBy("b.name")
    .select([
      "b.name",
      "b.status",
      sql<number>`(select count(*) from use_behaviors ub join uses u on u.id = ub.use_id
        where ub.handbook = b.handbook and ub.name = b.name and ub.served = 1 and u.created_at >= ${since})`.as(
        "served",
      ),
      cited().as("cited"),
      cited("success").as("succeeded"),
      cited("failure").as("failed"),
    ])
    .execute();
  return rows.map(({ name, status, ...n }) => ({
    name,
    status,
    served: Number(n.served),
    cited: Number(n.cited),
    succeeded: Number(n.succeeded),
    failed: Number(n.failed),
  }));
}

export async function mostCited(db: Database, handbook: string, since: string, limit: number) {
  const ended = (outcome: string) => sql<number>`sum(case when t.outcome = ${outcome} then 1 else 0 end)`;
  const rows = await db
    .selectFrom("citations as c")
    .innerJoin("traces as t", "t.id", "c.trace_id")
    .where("t.handbook", "=", handbook)
    .where("t.created_at", ">=", since)
    .groupBy(["c.handbook", "c.name"])
    .select([
      "c.handbook",
      "c.name",
      sql<number>`count(*)`.as("cited"),
      ended("success").as("succeeded"),
      ended("failure").as("failed"),
    ])
    .orderBy("cited", "desc")
    .orderBy("c.name")
    .limit(limit)
    .execute();
  return rows.map(({ handbook, name, ...n }) => ({
    handbook,
    name,
    cited: Number(n.cited),
    succeeded: Number(n.succeeded),
    failed: Number(n.failed),
  }));
}
