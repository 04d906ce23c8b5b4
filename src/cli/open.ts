import { type App, createApp } from "../app.ts";
import { readConfig, unknownVariables } from "../config.ts";
import type { Ports } from "../ports.ts";

const LOADING_MS = 3000;

/** The app of the environment, with a warning for variables that look misspelt. `meaning`: as `createApp` has it. */
export function appOfEnvironment(options: { meaning?: boolean; once?: boolean } = {}): App {
  const config = readConfig();
  for (const name of unknownVariables())
    console.error(`warning: ${name} is not a variable that behavior-handbook reads`);
  // A command that answers once has to load the model first.
  const embedderWaitMs = Math.max(config.embedderWaitMs, options.once ? LOADING_MS : 0);
  return createApp({ ...config, embedderWaitMs }, options);
}

/** Runs `work` on the opened ports and closes them whatever happens. */
export async function withPorts<T>(
  work: (ports: Ports, app: App) => Promise<T>,
  options: { meaning?: boolean } = {},
): Promise<T> {
  const app = appOfEnvironment({ ...options, once: true });
  try {
    return await work(await app.ports(), app);
  } finally {
    await app.close();
  }
}

/** Prints a result: for machines as JSON, for people as the given lines. */
export function print(result: unknown, json: boolean | undefined, lines: () => string): void {
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : lines()}\n`);
}
