import type { Behavior } from "../model/behavior.ts";
import type { Draw } from "../model/episode.ts";
import type { Ports } from "../ports.ts";
import { draw as drawArm } from "../rules/assignment.ts";
import type { Ranked } from "../rules/ranking.ts";

const SETTLES_MS = 24 * 3_600_000;
const CHARACTERS_PER_TOKEN = 4;

/** What the first use of a task found. */
export interface Found {
  episode_id: string;
  task: string;
  /** The best first; not empty. */
  ranked: readonly Ranked[];
  /** How likely the best one has to do with the task. */
  bestFit: number;
}

/**
 * Draws what an episode is served: everything, nothing, or all but one. Undefined where nothing is held out or withheld.
 * Everything that an estimate may use is noted before the draw: what was known of the task then.
 */
export async function drawEpisode(
  ports: Ports,
  { episode_id, task, ranked, bestFit }: Found,
): Promise<Draw | undefined> {
  const { ledger, settings } = ports;
  const { holdout, withhold } = settings;
  if (holdout === 0 && withhold === 0) return undefined;
  const candidates = ranked.map(({ behavior: { handbook, name, revision }, score }) => ({
    ...{ handbook, name, revision, score },
  }));
  const similar = await ledger.similarTasks(candidates);
  const characters = ranked.reduce((sum, { behavior }) => sum + servedText(behavior).length, 0);
  const { arm, withheld } = drawArm(
    episode_id,
    await ledger.assignmentSalt(),
    { holdout, withhold },
    ranked.length,
  );
  const now = ports.now().getTime();
  return {
    episode_id,
    arm,
    holdout,
    withhold,
    candidates,
    ...(withheld !== undefined && { withheld }),
    covariates: {
      task_tokens: Math.ceil(task.length / CHARACTERS_PER_TOKEN),
      behaviors: ranked.length,
      best_fit: bestFit,
      similar: similar.counted,
      ...(similar.mean_log_tokens !== undefined && { similar_tokens: Math.exp(similar.mean_log_tokens) }),
      ...(similar.success !== undefined && { similar_success: similar.success }),
    },
    served_tokens: Math.ceil(characters / CHARACTERS_PER_TOKEN),
    seq: await ledger.headSeq(),
    created_at: new Date(now).toISOString(),
    settles_at: new Date(now + SETTLES_MS).toISOString(),
  };
}

/** What of a ranking is served and what is withheld, in any retrieval of the episode. */
export function obeying<T extends { behavior: Pick<Behavior, "handbook" | "name"> }>(
  draw: Draw | undefined,
  ranked: readonly T[],
): { served: T[]; withheld: T[] } {
  const one = draw?.withheld === undefined ? undefined : draw.candidates[draw.withheld];
  const isWithheld = ({ behavior }: T) =>
    draw?.arm === "control" || (behavior.name === one?.name && behavior.handbook === one.handbook);
  const { true: withheld = [], false: served = [] } = Object.groupBy(ranked, (item) => `${isWithheld(item)}`);
  return { served, withheld };
}

/** What an agent reads of a behavior, as the token budget counts it. */
export function servedText({ name, handbook, instruction, when }: Behavior): string {
  return JSON.stringify({ name, handbook, instruction, when });
}
