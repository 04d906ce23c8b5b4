import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Synthetic } from "./data.ts";
import { ENTRY, environment } from "./servers.ts";

/** Imports a made-up handbook into a fresh data directory, as a person would; the starters load with it. */
export async function prepare(home: string, { handbook }: Synthetic): Promise<void> {
  mkdirSync(home);
  const file = join(home, "handbook.json");
  writeFileSync(file, JSON.stringify(handbook));
  await promisify(execFile)(process.execPath, [ENTRY, "import", file], {
    env: environment({ HANDBOOK_HOME: home }),
  });
}
