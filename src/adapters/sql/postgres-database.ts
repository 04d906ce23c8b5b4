import {
  type DataTypeNode,
  Kysely,
  PostgresDialect,
  type PostgresDialectConfig,
  PostgresDriver,
  PostgresIntrospector,
  type PostgresPool,
  PostgresQueryCompiler,
  sql,
  type TableMetadata,
} from "kysely";
import { Pool, type PoolClient, types } from "pg";
import { connectFault, isBroken, queryFault } from "./postgres-errors.ts";
import type { Database, Tables } from "./sql-schema.ts";

const CONNECTIONS = 10;
const CONNECT_MS = 5000;
const IDLE_MS = 30_000;
const ANSWER_MS = 120_000; // a server that vanished without a word; checking a large ledger is slow too

/** Kysely over a pool of connections to PostgreSQL. Nothing is connected before the first query. */
export function postgresDatabase(url: string, name: string): Database {
  const pool = new Pool({
    connectionString: url,
    application_name: "behavior-handbook",
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: IDLE_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    allowExitOnIdle: true,
    types: { getTypeParser: (oid: number) => (NUMBERS.has(oid) ? Number : types.getTypeParser(oid, "text")) },
  });
  // A connection that breaks while it is idle is replaced at the next call; one in use tells its query.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return new Kysely<Tables>({ dialect: new LedgerDialect({ pool: withClearErrors(pool, name) }) });
}

/** Counts and sums come as text otherwise; ours are far below 2^53. */
const NUMBERS = new Set<number>([types.builtins.INT8, types.builtins.NUMERIC]);

/** The pool, with errors in our own words. A connection that broke is not used again. */
function withClearErrors(pool: Pool, name: string): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await open(pool, name);
      let broke = false;
      const query = async (text: string, values: readonly unknown[] = []) => {
        try {
          return await client.query(text, [...values]);
        } catch (error) {
          const fault = queryFault(error, name);
          broke ||= isBroken(fault);
          throw fault;
        }
      };
      const release = (destroy = false) => client.release(destroy || broke);
      return Object.create(client, { query: { value: query }, release: { value: release } });
    },
  };
}

async function open(pool: Pool, name: string): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw connectFault(error, name);
  }
}

class LedgerDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;
  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = config;
  }
  override createDriver() {
    return new LedgerDriver(this.#config);
  }
  override createQueryCompiler() {
    return new LedgerCompiler();
  }
  override createIntrospector(db: Kysely<unknown>) {
    return new LedgerIntrospector(db);
  }
}

/** Names the tables of our schema: the migrator asks for no more, and other schemas' can be many, and come and go. */
class LedgerIntrospector extends PostgresIntrospector {
  readonly #db: Kysely<unknown>;
  constructor(db: Kysely<unknown>) {
    super(db);
    this.#db = db;
  }
  override async getTables(): Promise<TableMetadata[]> {
    const { rows } = await sql<{ name: string; schema: string }>`
      select c.relname as name, n.nspname as schema from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = current_schema() and c.relkind = 'r'`.execute(this.#db);
    return rows.map((table) => ({ ...table, isView: false, isForeign: false, columns: [] }));
  }
}

class LedgerDriver extends PostgresDriver {
  /** What made a transaction fail is the error to report, not that a broken connection cannot roll back. */
  override async rollbackTransaction(...[connection]: Parameters<PostgresDriver["rollbackTransaction"]>) {
    await super.rollbackTransaction(connection).catch(() => {});
  }
}

/** Types that mean what SQLite means by them: text in the order of its bytes, integers of 64 bits. */
class LedgerCompiler extends PostgresQueryCompiler {
  protected override visitDataType(node: DataTypeNode): void {
    if (node.dataType === "text") this.append('text collate "C"');
    else if (node.dataType === "integer") this.append("bigint");
    else super.visitDataType(node);
  }
}
