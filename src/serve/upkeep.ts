import type { App } from "../app.ts";
import { log, logError } from "./log.ts";

const FIRST_MS = 60_000;
const EVERY_MS = 600_000;
/** Per handbook, whichever process does it: the estimates read every episode. */
const AT_MOST_EVERY_MS = 3_600_000;

/**
 * Lets what is measured take effect while a server runs: ranking, promotion, retirement. Many servers may share a ledger; one
 * of them does it each hour.
 */
export function keepUp(app: App): void {
  setTimeout(() => {
    const go = () => void app.during(upkeep(app)).catch((error: unknown) => logError("upkeep.failed", error));
    go();
    setInterval(go, EVERY_MS).unref();
  }, FIRST_MS).unref();
}

async function upkeep(app: App): Promise<void> {
  const { promote } = await import("../lifecycle/promote.ts");
  const ports = await app.ports();
  for (const { slug, starter } of await ports.ledger.handbooks()) {
    if (starter !== undefined) continue;
    const turn = [`upkeep:${slug}`, ports.newId(), ports.now(), AT_MOST_EVERY_MS] as const;
    // Never given back, so it is the hour's.
    if ((await ports.ledger.write((tx) => tx.takeLease(...turn))) === undefined) continue;
    for (const { behavior, to, basis } of await promote(ports, slug))
      log("behavior.changed", { behavior, to, basis });
  }
}
