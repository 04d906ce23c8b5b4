import type { BehaviorKey } from "../../model/behavior.ts";
import type { LedgerWrites } from "../../ports.ts";
import { sqlExperimentWrites } from "./sql-experiment.ts";
import { sqlIndexStateWrites } from "./sql-index-state.ts";
import { sqlKeyWrites } from "./sql-keys.ts";
import { sqlLearningWrites } from "./sql-learning.ts";
import { behaviorRow, decisionRow, reflectionRow, traceRow } from "./sql-rows.ts";
import type { Database } from "./sql-schema.ts";

/** The ledger's writes inside the transaction `tx`. */
export function sqlWrites(tx: Database): LedgerWrites {
  /** The next change number. The row stays locked until the transaction ends, so numbers are committed in order. */
  async function nextSeq(): Promise<number> {
    const { value } = await tx
      .updateTable("counters")
      .set((eb) => ({ value: eb("value", "+", 1) }))
      .where("name", "=", "behaviors")
      .returning("value")
      .executeTakeFirstOrThrow();
    return Number(value);
  }

  async function documentsChanged(keys: readonly BehaviorKey[]): Promise<void> {
    for (const { handbook, name } of keys) {
      await tx
        .updateTable("behaviors")
        .set({ seq: await nextSeq() })
        .where("handbook", "=", handbook)
        .where("name", "=", name)
        .execute();
    }
  }

  return {
    ...sqlIndexStateWrites(tx),
    ...sqlExperimentWrites(tx),
    ...sqlKeyWrites(tx),
    ...sqlLearningWrites(tx),

    async addHandbook(handbook) {
      await tx
        .insertInto("handbooks")
        .values({ ...handbook, description: handbook.description ?? null, starter: handbook.starter ?? null })
        .execute();
    },

    async setStarter(slug, starter) {
      await tx.updateTable("handbooks").set({ starter }).where("slug", "=", slug).execute();
    },

    async addRevision(behavior) {
      const { handbook, name, revision, status } = behavior;
      const head = { handbook, name, revision, status, topic: behavior.topic ?? null, seq: await nextSeq() };
      if (revision === 1) {
        await tx.insertInto("behaviors").values(head).execute();
      } else {
        const { numUpdatedRows } = await tx
          .updateTable("behaviors")
          .set(head)
          .where("handbook", "=", handbook)
          .where("name", "=", name)
          .where("revision", "=", revision - 1)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows !== 1n)
          throw new Error(`revision ${revision} of ${name} does not follow the current one`);
      }
      await tx.insertInto("behavior_revisions").values(behaviorRow(behavior)).execute();
      if (behavior.provenance.trace_ids.length > 0)
        await this.addSources(behavior, behavior.provenance.trace_ids);
    },

    async addSources({ handbook, name }, traceIds) {
      if (traceIds.length === 0) return;
      await tx
        .insertInto("behavior_sources")
        .values(traceIds.map((trace_id) => ({ handbook, name, trace_id })))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await documentsChanged([{ handbook, name }]);
    },

    async addTrace(trace, hash) {
      await tx.insertInto("traces").values(traceRow(trace, hash)).execute();
    },

    async setTokens(traceId, { output_tokens, input_tokens }) {
      const counts = { output_tokens, ...(input_tokens !== undefined && { input_tokens }) };
      await tx
        .updateTable("traces")
        .set({ ...counts, tokens_counted_by: "caller" })
        .where("id", "=", traceId)
        .execute();
    },

    async addCitations(citations) {
      if (citations.length === 0) return;
      await tx
        .insertInto("citations")
        .values([...citations])
        .execute();
      await documentsChanged(citations);
    },

    async setOutcome(traceId, outcome, evidence) {
      await tx.updateTable("traces").set({ outcome, evidence }).where("id", "=", traceId).execute();
      const cited = await tx.selectFrom("citations").selectAll().where("trace_id", "=", traceId).execute();
      await documentsChanged(cited);
    },

    async addOutcomeReport(report) {
      const { trace_id = null, episode_id = null, note = null, agent = null } = report;
      await tx
        .insertInto("outcome_reports")
        .values({ ...report, trace_id, episode_id, note, agent })
        .execute();
    },

    async addUse({ served, withheld, ...use }) {
      const { topic = null, agent = null, conversation = null } = use;
      await tx
        .insertInto("uses")
        .values({ ...use, topic, agent, conversation })
        .execute();
      const rows = [
        ...served.map((behavior) => ({ ...behavior, served: 1 as const })),
        ...withheld.map((behavior) => ({ ...behavior, served: 0 as const })),
      ].map((behavior, position) => ({ use_id: use.id, position, ...behavior }));
      if (rows.length > 0) await tx.insertInto("use_behaviors").values(rows).execute();
    },

    async addReflection(reflection) {
      await tx.insertInto("reflections").values(reflectionRow(reflection)).execute();
      const rows = [...new Set(reflection.trace_ids)].map((trace_id) => ({
        reflection_id: reflection.id,
        trace_id,
      }));
      await tx.insertInto("reflection_traces").values(rows).execute();
    },

    async closeReflection(id, done) {
      const { numUpdatedRows } = await tx
        .updateTable("reflections")
        .set({ status: "done", ...done })
        .where("id", "=", id)
        .where("status", "=", "open")
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async addDecisions(decisions) {
      if (decisions.length > 0) await tx.insertInto("decisions").values(decisions.map(decisionRow)).execute();
    },
  };
}
