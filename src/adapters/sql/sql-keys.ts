import type { Selectable } from "kysely";
import { ApiKey } from "../../model/access.ts";
import type { KeyReads, KeyWrites } from "../../ports/access.ts";
import type { Database, Tables } from "./sql-schema.ts";

/** Keys, over any database that Kysely speaks. */
export function sqlKeyReads(db: Database): KeyReads {
  return {
    async keys() {
      return (await db.selectFrom("api_keys").selectAll().orderBy("created_at").orderBy("id").execute()).map(
        keyOf,
      );
    },
    async key(id) {
      const row = await db.selectFrom("api_keys").selectAll().where("id", "=", id).executeTakeFirst();
      return row && keyOf(row);
    },
    async hasKeys() {
      return (await db.selectFrom("api_keys").select("id").limit(1).executeTakeFirst()) !== undefined;
    },
  };
}

export function sqlKeyWrites(tx: Database): KeyWrites {
  return {
    async addKey({ grants, expires_at, last_used_at, revoked_at, ...key }) {
      await tx
        .insertInto("api_keys")
        .values({
          ...key,
          grants: JSON.stringify(grants),
          expires_at: expires_at ?? null,
          last_used_at: last_used_at ?? null,
          revoked_at: revoked_at ?? null,
        })
        .execute();
    },
    async revokeKey(id, at) {
      const revoked = await tx
        .updateTable("api_keys")
        .set({ revoked_at: at })
        .where("id", "=", id)
        .where("revoked_at", "is", null)
        .returning("id")
        .execute();
      return revoked.length > 0;
    },
    async touchKey(id, at) {
      await tx.updateTable("api_keys").set({ last_used_at: at }).where("id", "=", id).execute();
    },
  };
}

function keyOf({
  grants,
  expires_at,
  last_used_at,
  revoked_at,
  ...key
}: Selectable<Tables["api_keys"]>): ApiKey {
  return ApiKey.parse({
    ...key,
    grants: JSON.parse(grants),
    ...(expires_at !== null && { expires_at }),
    ...(last_used_at !== null && { last_used_at }),
    ...(revoked_at !== null && { revoked_at }),
  });
}
