import { setImmediate } from "node:timers/promises";
import { type Behavior, behaviorId } from "../model/behavior.ts";
import type { LedgerReads, Ports } from "../ports.ts";
import { liftOf, startMeter, take } from "../rules/lift/meter.ts";
import { promotions, type StatusChange } from "../rules/lift/promotion.ts";
import { settledEpisodes } from "./measure.ts";

/** Who made a change, as a behavior's history names it. */
const BY = { measured: "measurement", observational: "observation" } as const;

/**
 * Lets what was measured have its effect: makes behaviors active or retires them, each as a revision with its numbers, and
 * leaves what ranking needs to know. Only a handbook's own behaviors change; those of starters are ranked by it.
 * Done again, it changes nothing.
 *
 * Answers the changes that were made.
 */
export async function promote(ports: Ports, handbook: string): Promise<StatusChange[]> {
  const { ledger } = ports;
  const meter = startMeter();
  for await (const episode of settledEpisodes(ports, handbook, { until: ports.now().toISOString() }))
    take(meter, episode);
  const lift = liftOf(meter);
  await setImmediate();
  const succeeded = new Map((await ledger.succeededTasks(handbook)).map(({ name, tasks }) => [name, tasks]));
  const own = lift.behaviors.map(({ behavior }) => behavior).filter((key) => key.startsWith(`${handbook}/`));
  const names = new Set([...own.map((key) => key.slice(handbook.length + 1)), ...succeeded.keys()]);
  await setImmediate();
  const known = await ledger.behaviorsByKey([...names].sort().map((name) => ({ handbook, name })));
  const behaviors = known.map(({ name, status }) => ({
    behavior: behaviorId({ handbook, name }),
    status,
    succeeded_tasks: succeeded.get(name) ?? 0,
  }));
  behaviors.sort((a, b) => (a.behavior < b.behavior ? -1 : 1));
  await setImmediate();
  const changes = promotions(lift, behaviors);
  const created_at = ports.now().toISOString();
  return ledger.write(async (tx) => {
    await tx.setLifts(
      handbook,
      lift.behaviors.flatMap(({ behavior, shrunk }) => {
        const [of = "", name = ""] = behavior.split("/");
        // "name@revision" is what an earlier wording did; the one that is served now is ranked by its own.
        return shrunk === 0 || name.includes("@") ? [] : [{ handbook: of, name, effect: shrunk }];
      }),
    );
    const made: StatusChange[] = [];
    for (const change of changes) {
      const name = change.behavior.slice(handbook.length + 1);
      const current = await tx.behavior({ handbook, name });
      if (current === undefined || !(await mayChange(tx, current, change))) continue;
      const { to: status, reason } = change;
      // The words stay with whoever wrote them; the change is nobody's but the measurement's.
      const provenance = { ...current.provenance, agent: BY[change.basis] };
      const revision = current.revision + 1;
      await tx.addRevision({ ...current, status, reason, provenance, revision, created_at });
      made.push(change);
    }
    return made;
  });
}

/** Not when it has changed meanwhile, nor what a person wrote, nor against a person who took the same change back. */
async function mayChange(tx: LedgerReads, current: Behavior, { to }: StatusChange): Promise<boolean> {
  const from = to === "active" ? ["probation"] : ["probation", "active"];
  if (!from.includes(current.status)) return false;
  if (to === "retired" && current.provenance.author === "edit") return false;
  const revisions = await tx.revisions(current);
  return !revisions.some(({ status, instruction }) => status === to && instruction === current.instruction);
}
