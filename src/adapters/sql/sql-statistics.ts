import { type RawBuilder, sql } from "kysely";
import { type BehaviorKey, behaviorId, compareText, type Status } from "../../model/behavior.ts";
import type { DecisionKind } from "../../model/decision.ts";
import type { Evidence, Outcome } from "../../model/outcome.ts";
import type { HandbookCounts, Period, Usage } from "../../ports/statistics.ts";
import { MAX_SOLVED_TASKS } from "../../ports.ts";
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
    const key = behaviorId(row);
    const known = tasks.get(key) ?? [];
    if (known.length < MAX_SOLVED_TASKS && !known.includes(row.task)) known.push(row.task);
    tasks.set(key, known);
  }
  return tasks;
}

/** Before and after every instant, as instants are written. */
const BEGINNING = "";
const END = "9999-12-31T23:59:59.999Z";

export async function counts(
  db: Database,
  handbook: string,
  { since = BEGINNING, until = END }: Period = {},
): Promise<HandbookCounts> {
  const group = async <Row>(query: RawBuilder<Row>) => sumOf((await query.execute(db)).rows);
  const range = sql`handbook = ${handbook} and created_at >= ${since} and created_at <= ${until}`;
  const behaviors = await group(
    sql<{
      status: Status;
      n: number;
    }>`select status, count(*) as n from behaviors where handbook = ${handbook} group by 1`,
  );
  // One pass over each table: a trace is long, and what is asked of it stands at its end. The first use of an episode, whose
  // id is the episode's, mostly answers what was served.
  const traces = await group(sql<TraceGroup>`select outcome, evidence, tokens_counted_by,
      case when exists (select 1 from use_behaviors ub where ub.use_id = t.episode_id and ub.served = 1)
        or exists (select 1 from uses u join use_behaviors ub on ub.use_id = u.id
          where u.episode_id = t.episode_id and u.id <> t.episode_id and ub.served = 1)
        then 1 else 0 end as is_served,
      case when exists (select 1 from citations c where c.trace_id = t.id) then 1 else 0 end as is_citing,
      count(*) as n, count(use_id) as after_retrieval, sum(report_tokens) as report_tokens
    from traces t where ${range} group by 1, 2, 3, 4, 5`);
  // Only where it is needed: a trace's time is not in the index.
  const inTime = (await endsBefore(db, "traces", until)) ? sql`and t.created_at <= ${until}` : sql``;
  const uses = await group(sql<UseGroup>`select case when id = episode_id then 1 else 0 end as is_first,
      case when exists (select 1 from use_behaviors ub where ub.use_id = uses.id and ub.served = 1)
        then 1 else 0 end as is_served,
      case when exists (select 1 from traces t where t.episode_id = uses.id ${inTime})
        then 1 else 0 end as is_returned,
      count(*) as n
    from uses where ${range} group by 1, 2, 3`);
  const reflections = await group(sql<ReflectionGroup>`select
      case when done_at <= ${until} then 'done' else 'open' end as status, count(*) as n,
      sum(input_tokens) as input_tokens, sum(case when done_at <= ${until} then output_tokens end) as output_tokens
    from reflections where ${range} group by 1`);
  const decisions = await group(
    sql<{ decision: DecisionKind; n: number }>`select d.decision, count(*) as n
      from decisions d join reflections r on r.id = d.reflection_id
      where r.handbook = ${handbook} and d.created_at >= ${since} and d.created_at <= ${until} group by 1`,
  );
  // Drawn in the last day or so, which is the end of the index.
  const { rows } = await sql<{ n: number; settles_at: string | null }>`
    select count(*) as n, min(settles_at) as settles_at from draws
    where ${range} and settles_at > ${until}`.execute(db);
  const [open] = rows;
  const of = <K extends string>(count: (key: K) => number, ...keys: K[]) =>
    Object.fromEntries(keys.map((key) => [key, count(key)])) as Record<K, number>;
  const isTested = ({ evidence }: TraceGroup) => TESTED.some((strong) => strong === evidence);
  return {
    behaviors: of((key) => behaviors("n", (row) => row.status === key), ...STATUSES),
    traces: of((key) => traces("n", (row) => row.outcome === key), "success", "failure", "unknown"),
    tested: of((key) => traces("n", (row) => row.outcome === key && isTested(row)), "success", "failure"),
    traces_with_true_tokens: traces("n", (row) => row.tokens_counted_by === "caller"),
    uses: uses("n"),
    uses_served: uses("n", (row) => row.is_served === 1),
    open_draws: { n: Number(open?.n ?? 0), ...(open?.settles_at && { settles_at: open.settles_at }) },
    report_tokens: traces("report_tokens"),
    rates: {
      recorded: traces("n"),
      after_retrieval: traces("after_retrieval"),
      episodes: uses("n", (row) => row.is_first === 1),
      returned: uses("n", (row) => row.is_first === 1 && row.is_returned === 1),
      served: traces("n", (row) => row.is_served === 1),
      citing: traces("n", (row) => row.is_served === 1 && row.is_citing === 1),
    },
    reflections: {
      ...of((key) => reflections("n", (row) => row.status === key), "open", "done"),
      input_tokens: reflections("input_tokens"),
      output_tokens: reflections("output_tokens"),
    },
    decisions: of((key) => decisions("n", (row) => row.decision === key), ...DECISIONS),
  };
}

const STATUSES = ["probation", "active", "retired", "quarantined"] as const satisfies Status[];
const DECISIONS = ["add", "strengthen", "merge", "revise", "reject"] as const satisfies DecisionKind[];

interface TraceGroup {
  outcome: Outcome;
  evidence: Evidence;
  tokens_counted_by: string;
  is_served: 0 | 1;
  is_citing: 0 | 1;
  n: number;
  after_retrieval: number;
  report_tokens: number | null;
}
interface UseGroup {
  is_first: 0 | 1;
  is_served: 0 | 1;
  is_returned: 0 | 1;
  n: number;
}
interface ReflectionGroup {
  status: "open" | "done";
  n: number;
  input_tokens: number | null;
  output_tokens: number | null;
}

/** Sums a column over the groups that are wanted. */
function sumOf<Row>(rows: readonly Row[]) {
  return (column: keyof Row, isWanted: (row: Row) => boolean = () => true) =>
    rows.filter(isWanted).reduce((sum, row) => sum + Number(row[column] ?? 0), 0);
}

/** How the behaviors of a handbook fared, by name, and what its traces cite most, its own behaviors and others'. */
export async function usage(
  db: Database,
  handbook: string,
  { since = BEGINNING, until = END }: Period,
  mostCited: number,
): Promise<Usage> {
  const behaviors = await db
    .selectFrom("behaviors")
    .where("handbook", "=", handbook)
    .orderBy("name")
    .select(["name", "status"])
    .execute();
  // In the order of the traces, which is how they lie: a cross join keeps SQLite from looking them up one by one.
  const { rows } = await sql<CitationGroup>`
    select c.handbook, c.name, t.handbook as cited_in, t.outcome, count(*) as n
    from traces t cross join citations c
    where t.created_at >= ${since} and t.created_at <= ${until} and c.trace_id = t.id
      and (c.handbook = ${handbook} or t.handbook = ${handbook})
    group by 1, 2, 3, 4`.execute(db);
  const own = citedOf(rows.filter((row) => row.handbook === handbook));
  const served = await timesServed(db, handbook, since, until);
  return {
    behaviors: behaviors.map(({ name, status }) => ({
      ...{ name, status, served: served(name) },
      ...(own.get(behaviorId({ handbook, name })) ?? { cited: 0, succeeded: 0, failed: 0 }),
    })),
    most_cited: [...citedOf(rows.filter((row) => row.cited_in === handbook)).entries()]
      .map(([key, cited]) => {
        const [of = "", name = ""] = key.split("/");
        return { handbook: of, name, ...cited };
      })
      .sort((a, b) => b.cited - a.cited || compareText(a.name, b.name) || compareText(a.handbook, b.handbook))
      .slice(0, mostCited),
  };
}

interface CitationGroup extends BehaviorKey {
  /** The handbook of the traces. */
  cited_in: string;
  outcome: Outcome;
  n: number;
}

/** By handbook and name. */
function citedOf(groups: readonly CitationGroup[]) {
  const sums = new Map<string, { cited: number; succeeded: number; failed: number }>();
  for (const { outcome, n, ...key } of groups) {
    const sum = sums.get(behaviorId(key)) ?? { cited: 0, succeeded: 0, failed: 0 };
    sum.cited += Number(n);
    if (outcome === "success") sum.succeeded += Number(n);
    if (outcome === "failure") sum.failed += Number(n);
    sums.set(behaviorId(key), sum);
  }
  return sums;
}

interface Counted {
  name: string;
  n: number;
}

/** How often each behavior was served. */
async function timesServed(
  db: Database,
  handbook: string,
  since: string,
  until: string,
): Promise<(name: string) => number> {
  const counted = async (query: RawBuilder<Counted>) =>
    new Map((await query.execute(db)).rows.map(({ name, n }) => [name, Number(n)]));
  if (since !== BEGINNING || (await endsBefore(db, "uses", until))) {
    const served = await counted(sql`select ub.name, count(*) as n from uses u cross join use_behaviors ub
      where u.created_at >= ${since} and u.created_at <= ${until} and ub.use_id = u.id and ub.handbook = ${handbook} and ub.served = 1
      group by ub.name`);
    return (name) => served.get(name) ?? 0;
  }
  // All, which the index counts by itself, without the withheld, which are few; "||" keeps these from that index.
  const all = await counted(
    sql`select name, count(*) as n from use_behaviors where handbook = ${handbook} group by name`,
  );
  const withheld = await counted(sql`select name, count(*) as n from use_behaviors
    where served = 0 and handbook || '' = ${handbook} group by name`);
  return (name) => (all.get(name) ?? 0) - (withheld.get(name) ?? 0);
}

/** Whether a period leaves out what came last. */
async function endsBefore(db: Database, table: "uses" | "traces", until: string): Promise<boolean> {
  const query = db.selectFrom(table).select("created_at").orderBy("id", "desc").limit(1);
  return ((await query.executeTakeFirst())?.created_at ?? BEGINNING) > until;
}
