import { createApp } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { loadHandbook } from "../src/lifecycle/load.ts";
import type { Synthetic } from "./data.ts";

/** Loads a made-up handbook into a data directory, starters included, as a first start and an import would. */
export async function prepare(home: string, { handbook }: Synthetic): Promise<void> {
  const app = createApp(readConfig({ HANDBOOK_HOME: home }));
  try {
    await loadHandbook(await app.ports(), handbook, "import");
  } finally {
    await app.close();
  }
}
