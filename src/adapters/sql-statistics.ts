import { type ExpressionBuilder, type RawBuilder, sql } from "kysely";
import { type BehaviorUsage, type HandbookCounts, MAX_SOLVED_TASKS } from "../ports.ts";
import type { Database, Tables } from "./sql-schema.ts";

/** Evidence stronger than the agent's own word: what makes a success count as solved. */
const TESTED = ["test", "checker", "user"] as const;
const SOLVED_TASK_CHARACTERS = 2000; // a task is told in its beginning; the rest would only blur the index
/**
 * The tasks that were solved with the behaviors whose `seq` lies in a range, newest first and distinct: tasks of
 * successes by outside evidence that cite the behavior, and the tasks that it was drawn from. Being served is no
 * credit, or the rich would get richer.
 */
export async function solvedTasks(
  db: Database,
  afterSeq: number,
  toSeq: number,
): Promise<Map<string, string[]>> {
  const task = sql<string>`substr(t.task, 1, ${SOLVED_TASK_CHARACTERS})`.as("task");
  const inRange = (eb: ExpressionBuilder<{ b: Tables["behaviors"] }, "b">) =>
    eb.and([eb("b.seq", ">", afterSeq), eb("b.seq", "<=", toSeq)]);
  const rows = await db
    .selectFrom("behaviors as b")
    .innerJoin("citations as c", (join) =>
      join.onRef("c.handbook", "=", "b.handbook").onRef("c.name", "=", "b.name"),
    )
    .innerJoin("traces as t", "t.id", "c.trace_id")
    .where(inRange)
    .where("t.outcome", "=", "success")
    .where("t.evidence", "in", TESTED)
    .select(["b.handbook", "b.name", "t.id", task])
    .unionAll(
      db
        .selectFrom("behaviors as b")
        .innerJoin("behavior_sources as s", (join) =>
          join.onRef("s.handbook", "=", "b.handbook").onRef("s.name", "=", "b.name"),
        )
        .innerJoin("traces as t", "t.id", "s.trace_id")
        .where(inRange)
        .select(["b.handbook", "b.name", "t.id", task]),
    )
    .orderBy("id", "desc")
    .execute();
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
  const pick = <K extends string>(of: (key: string) => number, ...keys: K[]) =>
    Object.fromEntries(keys.map((key) => [key, of(key)])) as Record<K, number>;
  return {
    behaviors: pick(behaviors, "probation", "active", "retired", "quarantined"),
    traces: pick(traces, "success", "failure", "unknown"),
    tested: pick(tested, "success", "failure"),
    traces_with_true_tokens: tokens("caller"),
    uses: uses("served") + uses("empty"),
    uses_served: uses("served"),
    reflections: pick(reflections, "open", "done"),
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
