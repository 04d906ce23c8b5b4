import { HandbookError } from "../errors.ts";
import { type Behavior, behaviorId } from "../model/behavior.ts";
import type { Use } from "../model/use.ts";
import type { Hit, LedgerReads, Ports, Source } from "../ports.ts";
import { type Effort, effortOf } from "../rules/effort.ts";
import { fitting, type Ranked, rank, withinBudget } from "../rules/ranking.ts";
import { withLift, withProbationShare } from "../rules/ranking-lift.ts";
import { asRanked, firstDraw, isOpen, obeying, sameTask, servedText } from "./draw.ts";
import { findBehaviors } from "./find.ts";
import { handbookToRead, homeHandbook, redacted, searchedHandbooks } from "./handbooks.ts";
import { unknownUse, wrongHandbook } from "./record.ts";

export const DEFAULT_LIMIT = 8;
export const MAX_LIMIT = 200;
const SPARE = 20; // candidates beyond the limit, for those that ranking leaves out

export interface Retrieval {
  task: string;
  /** Default 8; with a topic 200, all of it. */
  limit?: number | undefined;
  /** Most tokens that the served behaviors may cost. */
  max_tokens?: number | undefined;
  topic?: string | undefined;
  already_have?: readonly string[] | undefined;
  /** An earlier use for the same task: this one joins its episode, unless that is over. */
  use_id?: string | undefined;
  handbook?: string | undefined;
  agent?: string | undefined;
  /** The client's own id of it: the same task asked for again in it joins as well. */
  conversation?: string | undefined;
}

/**
 * Finds the behaviors for a task, best first, in a handbook and in the starters, and logs the use. Nothing that
 * fits is an empty list, not an error, and is logged too.
 *
 * Throws: UNKNOWN_HANDBOOK, UNKNOWN_USE, WRONG_HANDBOOK.
 */
export async function retrieve(
  ports: Ports,
  input: Retrieval,
): Promise<{ use: Use; behaviors: Behavior[]; sources: Source[]; effort: Effort | undefined }> {
  const { ledger } = ports;
  const named = input.use_id === undefined ? undefined : await ledger.use(input.use_id);
  if (input.use_id !== undefined && named === undefined) throw unknownUse(input.use_id);
  const handbook = await handbookToRead(ledger, input.handbook ?? named?.handbook ?? homeHandbook(ports));
  if (named !== undefined && named.handbook !== handbook)
    throw wrongHandbook("use", named.id, named.handbook);
  const { texts } = await redacted(ports, { task: input.task, topic: input.topic });
  const task = texts.task ?? "";
  const earlier = named ?? (await sameTask(ledger, { task, handbook, conversation: input.conversation }));

  const { ranked, bestFit, sources } = await fittingBehaviors(ports, { ...input, handbook });

  const id = ports.newId();
  const joined = earlier !== undefined && (await isOpen(ports, earlier)) ? earlier.episode_id : undefined;
  const episode_id = joined ?? id;
  const former = joined === undefined ? undefined : await ledger.draw(joined);
  const isUnserved = joined === undefined || (await ledger.servedInEpisode(joined)).length === 0;
  const attempts = (of: readonly Ranked[]) => ledger.similarAttempts(handbook, of.map(asRanked));
  const similar = await attempts(ranked);
  const drawn =
    former ??
    (isUnserved ? await firstDraw(ports, { episode_id, task, ranked, bestFit, similar }) : undefined);
  const created_at = ports.now().toISOString();
  const { use, served } = await ledger.write(async (tx) => {
    // A retrieval of the same task at the same time may have drawn meanwhile.
    const standing = joined === undefined ? undefined : await tx.draw(joined);
    const draw = standing ?? drawn;
    const { served, withheld } = obeying(draw, ranked);
    const use: Use = {
      id,
      episode_id,
      handbook,
      task,
      ...(texts.topic !== undefined && { topic: texts.topic }),
      arm: draw?.arm ?? "served",
      served: served.map(asRanked),
      withheld: withheld.map(asRanked),
      ...(input.agent !== undefined && { agent: input.agent }),
      ...(input.conversation !== undefined && { conversation: input.conversation }),
      created_at,
    };
    await tx.addUse(use);
    if (standing === undefined && draw !== undefined) await tx.addDraw(handbook, draw);
    return { use, served };
  });
  // By what is served alone: whoever is held out must not see that something fits.
  const effort = effortOf(served.length === ranked.length ? similar : await attempts(served));
  return { use, behaviors: served.map(({ behavior }) => behavior), sources, effort };
}

/**
 * What a task would be served, best first, before any draw. Only reads: nothing is logged.
 *
 * Throws: nothing of its own; the handbook has to exist.
 */
export async function fittingBehaviors(
  ports: Ports,
  input: Retrieval & { handbook: string },
): Promise<{ ranked: Ranked[]; bestFit: number; sources: Source[] }> {
  const { ledger } = ports;
  const { handbook } = input;
  const handbooks = await searchedHandbooks(ports, handbook);
  const limit = input.limit ?? (input.topic === undefined ? DEFAULT_LIMIT : MAX_LIMIT);
  const already = input.already_have ?? [];
  const { hits, sources } = await findBehaviors(ports, {
    text: input.task,
    handbooks,
    topic: input.topic,
    limit: limit + already.length + SPARE,
  });
  const wholeTopic = input.topic !== undefined;
  const fit = fitting(hits, wholeTopic);
  // Its own behaviors of these names too, found or not: they hide the starters' ones.
  const starters = fit.filter((hit) => hit.handbook !== handbook);
  const keys = [...fit, ...starters.map(({ name }) => ({ handbook, name }))];
  const known = rank(await lifted(ledger, handbook, fit), await ledger.behaviorsByKey(keys), {
    handbook,
    alreadyHave: already,
    limit: wholeTopic ? limit : limit + SPARE,
    wholeTopic,
  });
  let ranked = wholeTopic ? known : withProbationShare(known, isOnProbation, limit);
  if (input.max_tokens !== undefined) {
    const tokens: number[] = [];
    for (const { behavior } of ranked) tokens.push(await ports.tokenizer.count(servedText(behavior)));
    ranked = withinBudget(ranked, tokens, input.max_tokens);
  }
  return { ranked, bestFit: Math.max(0, ...hits.map(({ fit }) => fit)), sources };
}

/** The hits with their measured lift taken in, best first. */
async function lifted(ledger: LedgerReads, handbook: string, hits: readonly Hit[]): Promise<Hit[]> {
  const lifts = await ledger.lifts(handbook, hits);
  if (lifts.length === 0) return [...hits];
  const effects = new Map(lifts.map((lift) => [behaviorId(lift), lift.effect]));
  return hits
    .map((hit) => ({ ...hit, score: withLift(hit.score, effects.get(behaviorId(hit)) ?? 0) }))
    .sort((a, b) => b.score - a.score);
}

function isOnProbation({ behavior }: Ranked): boolean {
  return behavior.status === "probation";
}

/**
 * A behavior by name, current revision.
 *
 * Throws: UNKNOWN_HANDBOOK, UNKNOWN_BEHAVIOR.
 */
export async function findBehavior(ports: Ports, name: string, handbook?: string): Promise<Behavior> {
  const slug = await handbookToRead(ports.ledger, handbook ?? homeHandbook(ports));
  const behavior = await ports.ledger.behavior({ handbook: slug, name });
  if (behavior !== undefined) return behavior;
  throw await unknownBehavior(ports.ledger, name, slug);
}

/** Names the handbook that has it, where another one does: what was served may come from a starter. */
export async function unknownBehavior(
  ledger: LedgerReads,
  name: string,
  handbook: string,
): Promise<HandbookError> {
  const others = (await ledger.handbooks()).map(({ slug }) => ({ handbook: slug, name }));
  const [found] = await ledger.behaviorsByKey(others);
  return new HandbookError("UNKNOWN_BEHAVIOR", `the handbook "${handbook}" has no behavior "${name}"`, {
    fix:
      found === undefined
        ? `Read handbook://${handbook} (or run \`handbook export --format markdown\`) for the names it has`
        : `It is in "${found.handbook}": pass that as the handbook`,
  });
}
