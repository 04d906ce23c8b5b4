import { randomBytes } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { type Migration, type MigrationProvider, Migrator } from "kysely/migration";
import { HandbookError } from "../../errors.ts";
import { DEFAULT_HANDBOOK } from "../../model/handbook.ts";
import { createLearning } from "./sql-learning.ts";
import type { Database } from "./sql-schema.ts";

/** In order, never edited once released: a change is a new entry. */
const MIGRATIONS: Record<string, Migration> = {
  "0001-nouns": { up: createNouns },
  "0002-index-state": { up: createIndexState },
  "0003-experiment": { up: createExperiment },
  "0004-keys": { up: createKeys },
  "0005-authors": { up: addAuthors },
  "0006-learning": { up: createLearning },
  "0007-sources": { up: addSources },
};

/**
 * Brings a ledger's schema up to date. Safe when several processes do so at once. `schema`: where the tables are, in a
 * database that holds others' too.
 *
 * Throws: LEDGER_TOO_NEW when a newer program has migrated it.
 */
export async function migrate(db: Database, schema?: string): Promise<void> {
  const done = await executedMigrations(db, schema);
  const unknown = done.filter((name) => !(name in MIGRATIONS));
  if (unknown.length > 0) {
    throw new HandbookError(
      "LEDGER_TOO_NEW",
      `this ledger was written by a newer version (it has ${unknown.join(", ")})`,
      {
        fix: "Update behavior-handbook, or set HANDBOOK_HOME or HANDBOOK_DATABASE_URL to another ledger",
      },
    );
  }
  if (done.length === Object.keys(MIGRATIONS).length) return;
  const provider: MigrationProvider = { getMigrations: async () => MIGRATIONS };
  const where = schema === undefined ? {} : { migrationTableSchema: schema };
  const { error } = await new Migrator({ db, provider, ...where }).migrateToLatest();
  if (error !== undefined) throw error;
}

async function executedMigrations(db: Database, schema: string | undefined): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === "kysely_migration" && table.schema === schema)) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
  return rows.map((row) => row.name);
}

async function createNouns(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("handbooks")
    .addColumn("slug", "text", (c) => c.primaryKey())
    .addColumn("description", "text")
    .addColumn("starter", "text")
    .addColumn("created_at", "text", (c) => c.notNull())
    .execute();

  await schema
    .createTable("behaviors")
    .addColumn("handbook", "text", (c) => c.notNull().references("handbooks.slug"))
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("revision", "integer", (c) => c.notNull())
    .addColumn("status", "text", (c) => c.notNull())
    .addColumn("topic", "text")
    .addColumn("seq", "bigint", (c) => c.notNull())
    .addPrimaryKeyConstraint("behaviors_pk", ["handbook", "name"])
    .execute();
  await schema.createIndex("behaviors_seq").on("behaviors").column("seq").execute();

  await schema
    .createTable("behavior_revisions")
    .addColumn("handbook", "text", (c) => c.notNull())
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("revision", "integer", (c) => c.notNull())
    .addColumn("status", "text", (c) => c.notNull())
    .addColumn("instruction", "text", (c) => c.notNull())
    .addColumn("when", "text", (c) => c.notNull())
    .addColumn("keywords", "text", (c) => c.notNull())
    .addColumn("topic", "text")
    .addColumn("detail", "text")
    .addColumn("author", "text", (c) => c.notNull())
    .addColumn("agent", "text")
    .addColumn("model", "text")
    .addColumn("prompt_version", "text")
    .addColumn("reflection_id", "text")
    .addColumn("trace_ids", "text", (c) => c.notNull())
    .addColumn("reason", "text", (c) => c.notNull())
    .addColumn("created_at", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("behavior_revisions_pk", ["handbook", "name", "revision"])
    .addForeignKeyConstraint("behavior_revisions_of", ["handbook", "name"], "behaviors", ["handbook", "name"])
    .execute();

  await schema
    .createTable("uses")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("episode_id", "text", (c) => c.notNull())
    .addColumn("handbook", "text", (c) => c.notNull().references("handbooks.slug"))
    .addColumn("task", "text", (c) => c.notNull())
    .addColumn("topic", "text")
    .addColumn("arm", "text", (c) => c.notNull())
    .addColumn("agent", "text")
    .addColumn("conversation", "text")
    .addColumn("created_at", "text", (c) => c.notNull())
    .execute();
  await schema.createIndex("uses_episode").on("uses").column("episode_id").execute();
  await schema.createIndex("uses_conversation").on("uses").column("conversation").execute();

  await schema
    .createTable("use_behaviors")
    .addColumn("use_id", "text", (c) => c.notNull().references("uses.id"))
    .addColumn("position", "integer", (c) => c.notNull())
    .addColumn("handbook", "text", (c) => c.notNull())
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("revision", "integer", (c) => c.notNull())
    .addColumn("score", "double precision", (c) => c.notNull())
    .addColumn("served", "integer", (c) => c.notNull())
    .addPrimaryKeyConstraint("use_behaviors_pk", ["use_id", "position"])
    .execute();
  await schema
    .createIndex("use_behaviors_behavior")
    .on("use_behaviors")
    .columns(["handbook", "name"])
    .execute();

  await schema
    .createTable("traces")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("hash", "text", (c) => c.notNull().unique())
    .addColumn("handbook", "text", (c) => c.notNull().references("handbooks.slug"))
    .addColumn("task", "text", (c) => c.notNull())
    .addColumn("reasoning", "text", (c) => c.notNull())
    .addColumn("answer", "text")
    .addColumn("outcome", "text", (c) => c.notNull())
    .addColumn("evidence", "text", (c) => c.notNull())
    .addColumn("output_tokens", "integer", (c) => c.notNull())
    .addColumn("input_tokens", "integer")
    .addColumn("tokens_counted_by", "text", (c) => c.notNull())
    .addColumn("model", "text")
    .addColumn("agent", "text")
    .addColumn("use_id", "text", (c) => c.references("uses.id"))
    .addColumn("episode_id", "text")
    .addColumn("improves", "text", (c) => c.references("traces.id"))
    .addColumn("redacted", "text", (c) => c.notNull())
    .addColumn("created_at", "text", (c) => c.notNull())
    .execute();
  await schema.createIndex("traces_episode").on("traces").column("episode_id").execute();
  await schema.createIndex("traces_handbook").on("traces").columns(["handbook", "id"]).execute();

  await schema
    .createTable("behavior_sources")
    .addColumn("handbook", "text", (c) => c.notNull())
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("trace_id", "text", (c) => c.notNull().references("traces.id"))
    .addPrimaryKeyConstraint("behavior_sources_pk", ["handbook", "name", "trace_id"])
    .execute();

  await schema
    .createTable("citations")
    .addColumn("trace_id", "text", (c) => c.notNull().references("traces.id"))
    .addColumn("handbook", "text", (c) => c.notNull())
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("revision", "integer", (c) => c.notNull())
    .addPrimaryKeyConstraint("citations_pk", ["trace_id", "handbook", "name"])
    .execute();
  await schema
    .createIndex("citations_behavior")
    .on("citations")
    .columns(["handbook", "name", "trace_id"])
    .execute();

  await schema
    .createTable("outcome_reports")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("trace_id", "text", (c) => c.references("traces.id"))
    .addColumn("episode_id", "text")
    .addColumn("outcome", "text", (c) => c.notNull())
    .addColumn("evidence", "text", (c) => c.notNull())
    .addColumn("note", "text")
    .addColumn("created_at", "text", (c) => c.notNull())
    .execute();
  await schema.createIndex("outcome_reports_trace").on("outcome_reports").column("trace_id").execute();
  await schema.createIndex("outcome_reports_episode").on("outcome_reports").column("episode_id").execute();

  await schema
    .createTable("reflections")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("handbook", "text", (c) => c.notNull().references("handbooks.slug"))
    .addColumn("status", "text", (c) => c.notNull())
    .addColumn("by", "text", (c) => c.notNull())
    .addColumn("trace_key", "text", (c) => c.notNull())
    .addColumn("trace_ids", "text", (c) => c.notNull())
    .addColumn("prompt_version", "text", (c) => c.notNull())
    .addColumn("model", "text")
    .addColumn("agent", "text")
    .addColumn("text", "text")
    .addColumn("created_at", "text", (c) => c.notNull())
    .addColumn("done_at", "text")
    .execute();
  await schema.createIndex("reflections_traces").on("reflections").column("trace_key").execute();

  await schema
    .createTable("reflection_traces")
    .addColumn("reflection_id", "text", (c) => c.notNull().references("reflections.id"))
    .addColumn("trace_id", "text", (c) => c.notNull().references("traces.id"))
    .addPrimaryKeyConstraint("reflection_traces_pk", ["reflection_id", "trace_id"])
    .execute();
  await schema.createIndex("reflection_traces_trace").on("reflection_traces").column("trace_id").execute();

  await schema
    .createTable("decisions")
    .addColumn("reflection_id", "text", (c) => c.notNull().references("reflections.id"))
    .addColumn("position", "integer", (c) => c.notNull())
    .addColumn("candidate", "text", (c) => c.notNull())
    .addColumn("decision", "text", (c) => c.notNull())
    .addColumn("handbook", "text")
    .addColumn("name", "text")
    .addColumn("revision", "integer")
    .addColumn("reason", "text", (c) => c.notNull())
    .addColumn("created_at", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("decisions_pk", ["reflection_id", "position"])
    .execute();

  await schema
    .createTable("counters")
    .addColumn("name", "text", (c) => c.primaryKey())
    .addColumn("value", "bigint", (c) => c.notNull())
    .execute();
  await sql`insert into counters (name, value) values ('behaviors', 0)`.execute(db);
  await sql`insert into handbooks (slug, created_at) values (${DEFAULT_HANDBOOK}, ${new Date().toISOString()})`.execute(
    db,
  );
}

/** Who may write an index that processes share, and how far it follows. */
async function createIndexState(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("leases")
    .addColumn("name", "text", (c) => c.primaryKey())
    .addColumn("holder", "text", (c) => c.notNull())
    .addColumn("epoch", "bigint", (c) => c.notNull())
    .addColumn("expires_at", "text", (c) => c.notNull())
    .execute();

  await schema
    .createTable("index_generations")
    .addColumn("generation", "bigint", (c) => c.primaryKey())
    .addColumn("index_name", "text", (c) => c.notNull())
    .addColumn("model", "text", (c) => c.notNull())
    .addColumn("table_name", "text", (c) => c.notNull())
    .addColumn("dimension", "integer")
    .addColumn("epoch", "bigint")
    .addColumn("watermark", "bigint", (c) => c.notNull())
    .addColumn("published_at", "text")
    .execute();
  await schema
    .createIndex("index_generations_index")
    .on("index_generations")
    .columns(["index_name", "model"])
    .execute();
  await sql`insert into counters (name, value) values ('index generations', 0)`.execute(db);
}

/** What chance decided, and what an estimate needs beside it. */
async function createExperiment(db: Kysely<unknown>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable("draws")
    .addColumn("episode_id", "text", (c) => c.primaryKey().references("uses.id"))
    .addColumn("handbook", "text", (c) => c.notNull())
    .addColumn("arm", "text", (c) => c.notNull())
    .addColumn("holdout", "double precision", (c) => c.notNull())
    .addColumn("withhold", "double precision", (c) => c.notNull())
    .addColumn("candidates", "text", (c) => c.notNull())
    .addColumn("withheld", "integer")
    .addColumn("covariates", "text", (c) => c.notNull())
    .addColumn("served_tokens", "integer", (c) => c.notNull())
    .addColumn("seq", "bigint", (c) => c.notNull())
    .addColumn("created_at", "text", (c) => c.notNull())
    .addColumn("settles_at", "text", (c) => c.notNull())
    .execute();
  await schema.createIndex("draws_handbook").on("draws").columns(["handbook", "episode_id"]).execute();

  await schema
    .createTable("contaminations")
    .addColumn("trace_id", "text", (c) => c.notNull().references("traces.id"))
    .addColumn("handbook", "text", (c) => c.notNull())
    .addColumn("name", "text", (c) => c.notNull())
    .addPrimaryKeyConstraint("contaminations_pk", ["trace_id", "handbook", "name"])
    .execute();

  await schema
    .createTable("lifts")
    .addColumn("handbook", "text", (c) => c.notNull())
    .addColumn("behavior_handbook", "text", (c) => c.notNull())
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("effect", "double precision", (c) => c.notNull())
    .addPrimaryKeyConstraint("lifts_pk", ["handbook", "behavior_handbook", "name"])
    .execute();

  await schema
    .createTable("secrets")
    .addColumn("name", "text", (c) => c.primaryKey())
    .addColumn("value", "text", (c) => c.notNull())
    .execute();
  const salt = randomBytes(32).toString("hex");
  await sql`insert into secrets (name, value) values ('assignment', ${salt})`.execute(db);

  await schema.alterTable("traces").addColumn("report_tokens", "integer").execute();
  await schema.alterTable("reflections").addColumn("input_tokens", "integer").execute();
  await schema.alterTable("reflections").addColumn("output_tokens", "integer").execute();
}

/** Who may call over HTTP. */
async function createKeys(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("api_keys")
    .addColumn("id", "text", (c) => c.primaryKey())
    .addColumn("name", "text", (c) => c.notNull())
    .addColumn("hash", "text", (c) => c.notNull())
    .addColumn("grants", "text", (c) => c.notNull())
    .addColumn("created_at", "text", (c) => c.notNull())
    .addColumn("expires_at", "text")
    .addColumn("last_used_at", "text")
    .addColumn("revoked_at", "text")
    .execute();
}

/** Who said how an attempt ended. */
async function addAuthors(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("outcome_reports").addColumn("agent", "text").execute();
}

/** Where traces and behaviors that came from elsewhere say that they are from. */
async function addSources(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("traces").addColumn("license", "text").execute();
  await db.schema.alterTable("behavior_revisions").addColumn("source", "text").execute();
}
