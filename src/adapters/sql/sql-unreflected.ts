import { type RawBuilder, sql } from "kysely";

/** Whether no reflection on a trace is done or was opened after `openedAfter`. `trace` is where its id is, such as `traces.id`. */
export function isUnreflected(trace: string, openedAfter: string): RawBuilder<boolean> {
  return sql<boolean>`not exists (select 1 from reflection_traces as rt join reflections as r on r.id = rt.reflection_id
    where rt.trace_id = ${sql.ref(trace)} and (r.status = 'done' or r.created_at > ${openedAfter}))`;
}
