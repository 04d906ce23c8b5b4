import { type Behavior, type BehaviorKey, behaviorId } from "../../model/behavior.ts";
import { behaviorOf } from "./sql-rows.ts";
import type { Database } from "./sql-schema.ts";

const MAX_KNOWN = 2000;

type Head = BehaviorKey & { revision: number };
const headId = (head: Head) => `${behaviorId(head)}@${head.revision}`;

/**
 * Reads revisions, each once: they never change, and a retrieval looks at some thirty of them, mostly the same ones.
 * For one connection or one transaction, since a transaction may see what is rolled back.
 */
export function keptRevisions(db: Database): (heads: readonly Head[]) => Promise<Behavior[]> {
  let known = new Map<string, Behavior>();
  return async (heads) => {
    const revisions = known;
    const missing = heads.filter((head) => !revisions.has(headId(head)));
    if (missing.length > 0) {
      const rows = await db
        .selectFrom("behavior_revisions")
        .selectAll()
        .where("handbook", "in", [...new Set(missing.map(({ handbook }) => handbook))])
        .where("name", "in", [...new Set(missing.map(({ name }) => name))])
        .where("revision", "in", [...new Set(missing.map(({ revision }) => revision))])
        .execute();
      for (const row of rows) revisions.set(headId(row), behaviorOf(row));
      if (revisions.size > MAX_KNOWN) known = new Map();
    }
    return heads.flatMap((head) => revisions.get(headId(head)) ?? []);
  };
}
