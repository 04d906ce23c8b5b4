import { env } from "node:process";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type * as Lance from "@lancedb/lancedb";
import type * as Arrow from "apache-arrow";
import { HandbookError } from "../../errors.ts";
import type { BehaviorKey } from "../../model/behavior.ts";
import { importOptional, installCommand } from "../optional-package.ts";

/** LanceDB, and the Arrow that it reads its tables from. */
export interface LanceLibrary {
  lancedb: typeof Lance;
  arrow: typeof Arrow;
}

/** Where tables are. */
export interface LancePlace {
  /** A directory, or `s3://`, `gs://`, `az://`, `db://`. */
  uri: string;
  /** What LanceDB must know beside it. */
  storage?: { options: Readonly<Record<string, string>>; apiKey?: string } | undefined;
}

/**
 * Loads LanceDB from beside the program or from the data directory.
 *
 * Throws: INDEX_UNAVAILABLE when it is not installed.
 */
export async function loadLance(home: string): Promise<LanceLibrary> {
  // It logs a line of stderr per query unless this is set before it is loaded.
  env.LANCEDB_LOG ??= "error";
  const arrow = await importOptional("apache-arrow", home);
  await turn(); // each takes 70 ms, in which nothing is answered
  const lancedb = await importOptional("@lancedb/lancedb", home);
  if (!isLance(lancedb) || !isArrow(arrow)) {
    throw new HandbookError("INDEX_UNAVAILABLE", "LanceDB is not installed", {
      fix: `Run: ${installCommand(home, "@lancedb/lancedb@0.39", "apache-arrow@18.1.0")}`,
    });
  }
  return { lancedb, arrow };
}

function isLance(loaded: unknown): loaded is typeof Lance {
  return typeof loaded === "object" && loaded !== null && "connect" in loaded;
}

function isArrow(loaded: unknown): loaded is typeof Arrow {
  return typeof loaded === "object" && loaded !== null && "makeVector" in loaded;
}

/** A text as a literal of LanceDB's filters, which take no parameters. Every value in a filter goes through here. */
export function sqlStr(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function sqlIn(column: "id" | "name" | "handbook", values: readonly string[]): string {
  return `${column} IN (${values.map(sqlStr).join(", ")})`;
}

const CONFLICT = /conflict|concurrent writers|preempted/i;
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 20;

/** Runs a write again that lost against another one; so it must come to the same when it is done twice. */
export async function despiteConflicts<T>(write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write();
    } catch (error) {
      if (attempt === ATTEMPTS || !CONFLICT.test(String(error))) throw error;
      await sleep(FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random()));
    }
  }
}

/** Of a table that is not there, or not any more. */
export function isMissing(error: unknown): boolean {
  return /not found/i.test(String(error));
}

/** The file of a table that a fault says is not there. */
export function missingFile(error: unknown): string | undefined {
  return /not found: (?!wrapped)([^,]+)/i.exec(String(error))?.[1];
}

/** A filter that these behaviors' rows pass, and few others: a name may be in several of the handbooks. */
export function sqlKeys(keys: readonly BehaviorKey[]): string {
  const distinct = (values: readonly string[]) => [...new Set(values)];
  const names = distinct(keys.map(({ name }) => name));
  const handbooks = distinct(keys.map(({ handbook }) => handbook));
  return `${sqlIn("name", names)} AND ${sqlIn("handbook", handbooks)}`;
}
