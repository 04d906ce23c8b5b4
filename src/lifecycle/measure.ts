import { setImmediate } from "node:timers/promises";
import { HandbookError } from "../errors.ts";
import { type BehaviorKey, behaviorId } from "../model/behavior.ts";
import type { Episode } from "../model/episode.ts";
import type { RankedBehavior } from "../model/use.ts";
import type { DrawnEpisode } from "../ports/experiment.ts";
import type { BehaviorUsage, HandbookCounts } from "../ports/statistics.ts";
import type { Ports, Settings } from "../ports.ts";
import { type Attention, needsAttention } from "../rules/attention.ts";
import { settledBy, UNSTATED } from "../rules/evidence.ts";
import {
  type Account,
  accountOf,
  DEFINITION_TOKENS,
  EXAMPLE_PRICES,
  type Prices,
} from "../rules/lift/account.ts";
import type { Lift } from "../rules/lift/lift.ts";
import { liftOf, startMeter, take } from "../rules/lift/meter.ts";
import type { Reader } from "../rules/lift/sentences.ts";
import { handbookToRead, homeHandbook } from "./handbooks.ts";

export interface HandbookReport {
  handbook: string;
  since?: string | undefined;
  /** Episodes whose time was up by then are measured; the later ones are only counted. */
  until: string;
  /** The probabilities of a draw as they are set now. */
  draws: Pick<Settings, "holdout" | "withhold">;
  counts: HandbookCounts;
  lift: Lift;
  account: Account;
  usage: BehaviorUsage[];
  most_cited: { name: string; cited: number; succeeded: number; failed: number }[];
  attention: Attention[];
}

export interface ReportRequest {
  handbook?: string | undefined;
  since?: string | undefined;
  /** Default, and at the latest: now. */
  until?: string | undefined;
}

const MOST_CITED = 10;
const DAY_MS = 24 * 3_600_000;

/**
 * What a handbook holds, how it was used, what it changes and what that is worth, and what needs a person's eye.
 * The same ledger and the same `until` give the same report, bit by bit. An agent is told how behaviors were used up to a day
 * before: what was served and cited since would tell it the arm of its own task.
 *
 * Throws: UNKNOWN_HANDBOOK; INVALID_INPUT for a time that ends before it begins.
 */
export async function measure(
  ports: Ports,
  request: ReportRequest,
  reader: Reader = "person",
): Promise<HandbookReport> {
  const { ledger } = ports;
  const handbook = await handbookToRead(ledger, request.handbook ?? homeHandbook(ports));
  const now = ports.now().toISOString();
  const { since } = request;
  // In the future nothing has settled: a task that is still open would count as one that never came back.
  const until = request.until !== undefined && request.until < now ? request.until : now;
  if (since !== undefined && since > until)
    throw new HandbookError("INVALID_INPUT", `since (${since}) is later than until (${until})`, {
      fix: "Let the report begin before it ends; it ends now at the latest",
    });
  const range = { since, until };
  const counts = await ledger.counts(handbook, range);
  const over = new Date(Date.parse(until) - DAY_MS).toISOString();
  const used = reader === "agent" ? { since, until: over } : range;
  const { behaviors: usage, most_cited: cited } = await ledger.usage(handbook, used, MOST_CITED);
  const most_cited = cited.map(({ handbook: _, ...counts }) => counts);
  const meter = startMeter();
  for await (const episode of settledEpisodes(ports, handbook, range)) take(meter, episode);
  const lift = liftOf(meter);
  const { holdout, withhold, prices = EXAMPLE_PRICES } = ports.settings;
  return {
    handbook,
    ...(since !== undefined && { since }),
    until,
    draws: { holdout, withhold },
    counts,
    lift,
    account: account(lift, counts, prices),
    usage,
    most_cited,
    attention: needsAttention(usage),
  };
}

/**
 * The episodes of a handbook whose time was up at `until`, as they stood then, in the order of their first uses. Others get
 * their turn after each page.
 */
export async function* settledEpisodes(
  { ledger }: Pick<Ports, "ledger">,
  handbook: string,
  range: { since?: string | undefined; until: string },
): AsyncIterable<Episode> {
  const since = new Map<string, number>();
  for await (const page of ledger.episodes(handbook, range)) {
    const unknown = new Map<string, BehaviorKey>();
    for (const { candidates } of page)
      for (const candidate of candidates) {
        const key = behaviorId(candidate);
        if (!since.has(key)) unknown.set(key, candidate);
      }
    for (const key of unknown.keys()) since.set(key, 1);
    for (const reworded of await ledger.reworded([...unknown.values()], range.until))
      since.set(behaviorId(reworded), reworded.since);
    for (const drawn of page) yield episodeOf(drawn, since);
    await setImmediate();
  }
}

/** What is measured of a behavior holds for its words: of a revision that said something else it is counted apart. */
function candidateOf(candidate: RankedBehavior, since: ReadonlyMap<string, number>): string {
  const key = behaviorId(candidate);
  return candidate.revision < (since.get(key) ?? 1) ? `${key}@${candidate.revision}` : key;
}

function episodeOf(drawn: DrawnEpisode, since: ReadonlyMap<string, number>): Episode {
  const { trace, covariates } = drawn;
  const keys = drawn.candidates.map(behaviorId);
  const candidates = drawn.candidates.map((candidate) => candidateOf(candidate, since));
  const { outcome, evidence } = drawn.reports.reduce(settledBy, UNSTATED);
  return {
    id: drawn.episode_id,
    at: Date.parse(drawn.created_at),
    arm: drawn.arm,
    holdout: drawn.holdout,
    withhold: drawn.withhold,
    candidates,
    ...(drawn.withheld !== undefined && { withheld: drawn.withheld }),
    covariates,
    served_tokens: drawn.served_tokens,
    returned: trace !== undefined,
    ...(trace?.tokens_counted_by === "caller" && { tokens: trace.output_tokens }),
    ...(trace?.report_tokens !== undefined && { report_tokens: trace.report_tokens }),
    by_hook: drawn.by_hook,
    outcome,
    evidence,
    cited: drawn.cited.map((cited) => keys.indexOf(behaviorId(cited))).filter((place) => place >= 0),
  };
}

function account(lift: Lift, { rates, report_tokens, reflections }: HandbookCounts, prices: Prices): Account {
  const { estimate, low, high } = lift.handbook.tokens;
  const isKnown = estimate !== undefined && low !== undefined && high !== undefined;
  const isTrusted = !lift.returns.tokens.differs;
  const { served, withheld, cost } = lift.counts;
  return accountOf(
    {
      ...(isKnown && isTrusted && { tokens: { estimate, low, high } }),
      tasks: served + withheld,
      asked: rates.episodes,
      read_tokens: cost.read_tokens,
      report_tokens,
      definition_tokens: DEFINITION_TOKENS,
      reflection: reflections,
    },
    prices,
  );
}
