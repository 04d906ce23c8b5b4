import type { TestProject } from "vitest/node";
import { type OwnServer, startPostgres } from "./postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where this run's PostgreSQL is; empty where none is installed, absent outside the project `postgres`. */
    postgres: string | undefined;
  }
}

let server: OwnServer | undefined;

/** One server for all files of the project `postgres`. */
export async function setup(project: TestProject): Promise<void> {
  server = await startPostgres();
  if (server === undefined) console.error("No PostgreSQL is installed: the tests of its ledger are skipped.");
  project.provide("postgres", server?.url() ?? "");
}

export async function teardown(): Promise<void> {
  await server?.[Symbol.asyncDispose]();
}
