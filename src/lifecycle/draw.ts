import type { Behavior } from "../model/behavior.ts";
import type { Draw } from "../model/episode.ts";
import type { RankedBehavior, Use } from "../model/use.ts";
import type { Attempt } from "../ports/experiment.ts";
import type { LedgerReads, Ports } from "../ports.ts";
import { draw as drawArm } from "../rules/assignment.ts";
import type { Ranked } from "../rules/ranking.ts";

const SETTLES_MS = 24 * 3_600_000;
const CHARACTERS_PER_TOKEN = 4;

/** What a use of a task found. */
export interface Found {
  episode_id: string;
  task: string;
  /** The best first. */
  ranked: readonly Ranked[];
  /** How likely the best one has to do with the task. */
  bestFit: number;
  /** Earlier attempts with the same behaviors. */
  similar: readonly Attempt[];
}

/** Whether a retrieval may still join the episode of a use: not after a trace of it, nor when its time is up. */
export async function isOpen(ports: Ports, { episode_id, created_at }: Use): Promise<boolean> {
  const { ledger } = ports;
  if ((await ledger.latestTraceOfEpisode(episode_id)) !== undefined) return false;
  const settles = (await ledger.draw(episode_id))?.settles_at;
  const end = settles === undefined ? Date.parse(created_at) + SETTLES_MS : Date.parse(settles);
  return ports.now().getTime() <= end;
}

/** The newest use of a conversation, where it was for these very words: the user has put the same prompt again. */
export async function sameTask(
  ledger: LedgerReads,
  { task, handbook, conversation }: { task: string; handbook: string; conversation: string | undefined },
): Promise<Use | undefined> {
  if (conversation === undefined) return undefined;
  const newest = await ledger.latestUseOfConversation(conversation);
  return newest?.task === task && newest.handbook === handbook ? newest : undefined;
}

/**
 * Draws what an episode is served that was neither drawn nor served anything before, at its first use that finds
 * something: everything, nothing, or all but one. Undefined where nothing is found, held out or withheld.
 * Everything that an estimate may use is noted before the draw: what was known of the task then.
 */
export async function firstDraw(
  ports: Ports,
  { episode_id, task, ranked, bestFit, similar }: Found,
): Promise<Draw | undefined> {
  const { ledger, settings } = ports;
  const { holdout, withhold } = settings;
  if (ranked.length === 0 || (holdout === 0 && withhold === 0)) return undefined;
  const candidates = ranked.map(asRanked);
  const logs = similar.flatMap(({ output_tokens }) =>
    output_tokens === undefined ? [] : Math.log(output_tokens),
  );
  const known = similar.filter(({ outcome }) => outcome !== "unknown");
  const successes = known.filter(({ outcome }) => outcome === "success");
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
      similar: logs.length,
      ...(logs.length > 0 && {
        similar_tokens: Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length),
      }),
      ...(known.length > 0 && { similar_success: successes.length / known.length }),
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

export function asRanked({ behavior: { handbook, name, revision }, score }: Ranked): RankedBehavior {
  return { handbook, name, revision, score };
}

/** What an agent reads of a behavior, as the token budget counts it. */
export function servedText({ name, handbook, instruction, when }: Behavior): string {
  return JSON.stringify({ name, handbook, instruction, when });
}
