import { randomBytes } from "node:crypto";
import type { ExpressionBuilder, Selectable } from "kysely";
import type { IndexGeneration, IndexStateReads, IndexStateWrites, Lease } from "../../ports/index-state.ts";
import type { Database, Tables } from "./sql-schema.ts";

/** What the ledger knows of the indexes that lie outside it, read over any database that Kysely speaks. */
export function sqlIndexStateReads(db: Database): IndexStateReads {
  return {
    async indexGenerations(index) {
      let query = db.selectFrom("index_generations").selectAll().orderBy("generation");
      if (index !== undefined) query = query.where("index_name", "=", index);
      return (await query.execute()).map(generationOf);
    },

    async unheldLeases(names, since) {
      if (names.length === 0) return [];
      const held = await db
        .selectFrom("leases")
        .select("name")
        .where("name", "in", names)
        .where("expires_at", ">", since)
        .execute();
      return names.filter((name) => !held.some((lease) => lease.name === name));
    },
  };
}

/** The writes of that inside the transaction `tx`. */
export function sqlIndexStateWrites(tx: Database): IndexStateWrites {
  /** Changes a generation if the lease is still with its holder. */
  function update(generation: number, lease: Lease) {
    const isHeld = ({ exists, selectFrom }: ExpressionBuilder<Tables, "index_generations">) =>
      exists(
        selectFrom("leases")
          .select("name")
          .where("name", "=", lease.name)
          .where("holder", "=", lease.holder)
          .where("epoch", "=", lease.epoch),
      );
    return tx.updateTable("index_generations").where("generation", "=", generation).where(isHeld);
  }

  return {
    async takeLease(name, holder, now, ttlMs) {
      const expires_at = new Date(now.getTime() + ttlMs).toISOString();
      const beyond = new Date(now.getTime() + 2 * ttlMs).toISOString();
      const taken = await tx
        .insertInto("leases")
        .values({ name, holder, epoch: 1, expires_at })
        .onConflict((conflict) =>
          conflict
            .column("name")
            .doUpdateSet((eb) => ({
              holder,
              expires_at,
              epoch: eb
                .case()
                .when("leases.holder", "=", holder)
                .then(eb.ref("leases.epoch"))
                .else(eb("leases.epoch", "+", 1))
                .end(),
            }))
            .where((eb) =>
              eb.or([
                eb("leases.holder", "=", holder),
                eb("leases.expires_at", "<=", now.toISOString()),
                eb("leases.expires_at", ">", beyond), // the clock has gone back since: nobody takes one for so long
              ]),
            ),
        )
        .returning("epoch")
        .executeTakeFirst();
      return taken && { name, holder, epoch: Number(taken.epoch) };
    },

    async releaseLease({ name, holder, epoch }, now) {
      await tx
        .updateTable("leases")
        .set({ expires_at: now.toISOString() })
        .where("name", "=", name)
        .where("holder", "=", holder)
        .where("epoch", "=", epoch)
        .execute();
    },

    async addGeneration(index, model) {
      const { value } = await tx
        .updateTable("counters")
        .set((eb) => ({ value: eb("value", "+", 1) }))
        .where("name", "=", "index generations")
        .returning("value")
        .executeTakeFirstOrThrow();
      const row = {
        generation: Number(value),
        index_name: index,
        model,
        // No two ledgers name a table alike, be it that one takes another's place or that both keep theirs in one place.
        table_name: `${index}_g${value}_${randomBytes(4).toString("hex")}`,
        dimension: null,
        epoch: null,
        watermark: 0,
        published_at: null,
      };
      await tx.insertInto("index_generations").values(row).execute();
      return generationOf(row);
    },

    async claimGeneration(generation, dimension, lease) {
      const { numUpdatedRows } = await update(generation, lease)
        .set({ dimension: dimension ?? null, epoch: lease.epoch })
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async advanceIndex(generation, from, to, lease) {
      const { numUpdatedRows } = await update(generation, lease)
        .set({ watermark: to })
        .where("watermark", "=", from)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async setBackIndex(generation, seq) {
      await tx
        .updateTable("index_generations")
        .set({ watermark: seq })
        .where("generation", "=", generation)
        .where("watermark", ">", seq)
        .execute();
    },

    async publishGeneration(generation, now, lease) {
      const { numUpdatedRows } = await update(generation, lease)
        .set({ published_at: now.toISOString() })
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    async dropGeneration(generation) {
      await tx.deleteFrom("index_generations").where("generation", "=", generation).execute();
    },
  };
}

function generationOf(row: Selectable<Tables["index_generations"]>): IndexGeneration {
  return {
    generation: Number(row.generation),
    index: row.index_name,
    model: row.model,
    table: row.table_name,
    ...(row.dimension !== null && { dimension: row.dimension }),
    ...(row.epoch !== null && { epoch: Number(row.epoch) }),
    watermark: Number(row.watermark),
    ...(row.published_at !== null && { published_at: row.published_at }),
  };
}
