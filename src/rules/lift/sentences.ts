import type { HandbookCounts } from "../../ports/statistics.ts";
import { type Account, REQUESTS_PER_TASK } from "./account.ts";
import { minute, money, percent, points, range, ratio, several, shareOf, whole } from "./figures.ts";
import type { Effect, Interval, Lift } from "./lift.ts";

/** What a report rests on. */
export interface Measured {
  since?: string | undefined;
  /** The probabilities of a draw as they are set now. */
  draws: { holdout: number; withhold: number };
  counts: Pick<HandbookCounts, "rates" | "report_tokens" | "open_draws">;
  lift: Lift;
  account: Account;
}

/** The findings in words: the same ones in the terminal, on the page and for an agent. Names are not escaped. */
export interface Sentences {
  /** Does it save output tokens? */
  tokens: string;
  /** Does it change success: where a test, a checker or a user told, and whoever told. */
  tested: string;
  success: string;
  trustworthy: string;
  arms: string;
  /** How many tasks have a true count of tokens, and how to get more. */
  counted: string;
  /** The length of the reports, which is no cost of the work. */
  reports: string;
  use: string;
  behaviors: string;
  cited: string;
  account: string;
  contamination: string;
  limits: string;
  off: string;
}

/**
 * Who reads. An agent may be at work on a task that was drawn: what is told of tasks younger than a day would tell it its
 * arm.
 */
export type Reader = "person" | "agent";

/** Tells what was measured, harm as plainly as help. */
export function sentences(measured: Measured, reader: Reader = "person"): Sentences {
  const { counts, lift, account } = measured;
  const { tested, success } = lift.handbook;
  const early = { ...lift, isOff: isOff(measured) };
  return {
    tokens: nothingYet(measured, reader) ?? tokens(early),
    tested: successes(early, tested, "a tested outcome"),
    success: successes(early, success, "an outcome"),
    trustworthy: trust(lift),
    arms: arms(lift, counts.rates.episodes),
    counted: counted(lift),
    reports: `what agents reported: ${several(lift.counts.cost.report_tokens, "token")} a served task, ${whole(counts.report_tokens)} in all with imported traces; how long a report is says nothing of the work, so it is kept out of the comparison`,
    use: use(counts.rates, reader),
    behaviors: behaviors(lift),
    cited: cited(lift),
    account: accounted(account, lift.returns.tokens.differs),
    contamination: contamination(lift),
    limits:
      "compared are tasks of the same time, with and without; what a handbook changes over months, by learning, is not estimated",
    off: "HANDBOOK_HOLDOUT=0 and HANDBOOK_WITHHOLD=0 serve every task everything; then nothing is measured",
  };
}

/** Draws as they are set now: none at all. */
function isOff({ draws }: Measured): boolean {
  return draws.holdout === 0 && draws.withhold === 0;
}

const OFF = "off: HANDBOOK_HOLDOUT=0 and HANDBOOK_WITHHOLD=0, so no task is drawn and nothing is measured";
const DAY = "a task settles 24 hours after its draw, and shows nothing before";

/** Why there is nothing to tell; absent once a task has settled. */
function nothingYet(measured: Measured, reader: Reader): string | undefined {
  const { lift, counts, since } = measured;
  if (lift.counts.episodes > 0) return undefined;
  const { n, settles_at } = counts.open_draws;
  if (reader === "person" && settles_at !== undefined)
    return `nothing to tell yet: ${several(n, "task")} drawn, none settled; the first settles at ${minute(settles_at)} UTC (${DAY})`;
  if (isOff(measured)) return OFF;
  if (reader === "agent") return `nothing to tell yet: no task has settled (${DAY})`;
  const none =
    since === undefined ? "no task has been drawn yet" : `no task was drawn since ${minute(since)} UTC`;
  return `nothing to tell yet: ${none} (${DAY})`;
}

/** An effect whose interval is there. */
function isTold(effect: Effect): effect is Effect & Interval {
  return effect.estimate !== undefined && effect.low !== undefined && effect.high !== undefined;
}

function level({ alpha }: Lift): string {
  return `${whole(100 * (1 - alpha))} % interval`;
}

/** What was measured, and whether it goes on. */
interface Early extends Lift {
  isOff: boolean;
}

function tokens(lift: Early): string {
  const { token_ratio, tokens } = lift.handbook;
  const { served, control, differs } = lift.returns.tokens;
  if (differs)
    return `NOT TRUSTWORTHY, so no interval is told: a true count of tokens comes back from ${percent(served.share ?? 0)} of the served and ${percent(control.share ?? 0)} of the control tasks, and nothing bounds how far the missing ones shift the difference${token_ratio.estimate === undefined ? "" : `; of those that were counted the estimate is ${ratio(token_ratio.estimate)} ×`}`;
  if (!isTold(token_ratio)) return tooEarly(lift, token_ratio, "a true count of output tokens");
  const factor = `${ratio(token_ratio.estimate)} × (${level(lift)} ${range(token_ratio, ratio)})`;
  const mean = isTold(tokens) ? `; on average ${apart(tokens.estimate)} a task (${apartRange(tokens)})` : "";
  const change = percent(Math.abs(1 - token_ratio.estimate));
  switch (token_ratio.verdict) {
    case "better":
      return `${change} fewer output tokens with the handbook: ${factor}${mean}`;
    case "worse":
      return `${change} MORE output tokens with the handbook: ${factor}${mean}`;
    case "undecided":
    case "too-early":
      return `no difference shown in output tokens: ${factor}${mean}${untilWorthKnowing(token_ratio)}`;
  }
}

function apart(difference: number): string {
  return `${whole(Math.abs(difference))} ${difference > 0 ? "more" : "fewer"}`;
}

/** 484 to 1,166 fewer; 40 fewer to 12 more */
function apartRange({ low, high }: Interval): string {
  if (low < 0 !== high < 0) return `${apart(low)} to ${apart(high)}`;
  const [least, most] = [Math.abs(low), Math.abs(high)].sort((a, b) => a - b);
  return `${whole(least ?? 0)} to ${apart(high < 0 ? -(most ?? 0) : (most ?? 0))}`;
}

function successes(lift: Early, effect: Effect, what: string): string {
  if (!isTold(effect)) return tooEarly(lift, effect, what);
  const figures = `${points(effect.estimate)} percentage points (${level(lift)} ${range(effect, points)})`;
  switch (effect.verdict) {
    case "better":
      return `more success with the handbook: ${figures}`;
    case "worse":
      return `LESS success with the handbook: ${figures}`;
    case "undecided":
    case "too-early":
      return `no difference shown in success: ${figures}${untilWorthKnowing(effect)}`;
  }
}

function tooEarly({ counts, isOff }: Early, { burn_in, more_needed }: Effect, what: string): string {
  if (counts.episodes > 0 && counts.excluded === counts.episodes)
    return "not measured: no task was held out (HANDBOOK_HOLDOUT=0), so there is nothing to compare with";
  if (counts.episodes === 0)
    return isOff ? "off, nothing is measured" : "nothing to tell yet: no task has settled";
  const { have, needed } = burn_in;
  const isGoingOn = more_needed !== undefined && !isOff;
  const more = isGoingOn ? `about ${whole(more_needed)} more tasks at this rate; ` : "";
  const lead = isOff
    ? "off (HANDBOOK_HOLDOUT=0 and HANDBOOK_WITHHOLD=0: no task is drawn any more), and not enough data before"
    : "not enough data yet";
  return `${lead}: ${more}${whole(have.episodes)} of ${whole(needed.episodes)} tasks with ${what}, ${whole(have.without)} of ${whole(needed.without)} of them without the handbook`;
}

function untilWorthKnowing({ more_needed }: Effect): string {
  if (more_needed === undefined) return "";
  return `; about ${whole(more_needed)} more tasks until a change of 20 % can be excluded`;
}

function trust({ trustworthy, doubts, returns, handbook }: Lift): string {
  const isEarly = Object.values(handbook).every(({ verdict }) => verdict === "too-early");
  if (trustworthy && isEarly) return "too early to say; nothing seen so far casts doubt on the comparison";
  if (trustworthy) return "trustworthy: nothing seen casts doubt on the comparison";
  const { tested, success } = returns.bounds ?? {};
  const whatever =
    tested && success
      ? ` Whatever the missing outcomes were, success differs by ${ends(tested)} percentage points where it was tested, by ${ends(success)} in all.`
      : "";
  return `${isEarly ? "nothing to trust yet" : "not trustworthy"}: ${doubts.join(" ")}${whatever}`;
}

function ends({ worst, best }: { worst: Interval; best: Interval }): string {
  return `${points(worst.low)} to ${points(best.high)}`;
}

function arms({ counts }: Lift, asked: number): string {
  const { episodes, served, control, withheld, excluded } = counts;
  if (episodes === 0) return `none has settled; asked: ${whole(asked)}`;
  const others =
    asked > episodes
      ? `; ${whole(asked - episodes)} more asked that are younger than a day, that nothing fits, or that were not drawn`
      : "";
  const without =
    excluded > 0
      ? `; ${whole(excluded)} of them when none was held out, which say nothing of the handbook`
      : "";
  return `${several(episodes, "task")} drawn a day ago or earlier: ${whole(served)} served everything that fits, ${whole(withheld)} all but one, ${whole(control)} nothing${without}${others}`;
}

function counted({ counts }: Lift): string {
  const { with_tokens, episodes } = counts;
  const more =
    "; more come from the hooks of `handbook init claude-code`, and from callers that pass output_tokens of the API's response";
  return `tasks with a true count of output tokens: ${shareOf(with_tokens, episodes)}${with_tokens < episodes || episodes === 0 ? more : ""}`;
}

function use(
  { recorded, after_retrieval, episodes, returned, served, citing }: HandbookCounts["rates"],
  reader: Reader,
): string {
  if (recorded === 0 && episodes === 0) return "not yet: no task has asked, none was reported";
  const cited =
    reader === "agent" ? "" : `; cited: ${shareOf(citing, served)} of the reports of served tasks`;
  return `asked before the work: ${shareOf(after_retrieval, recorded)} of the recorded tasks, imported ones too; reported after it: ${shareOf(returned, episodes)} of the tasks that asked${cited}`;
}

function behaviors({ behaviors, alpha }: Lift): string {
  const named = (finding: string) =>
    behaviors.filter((one) => one.finding === finding).map(({ behavior }) => behavior);
  const found = (["helps", "harms", "mixed"] as const).flatMap((finding) => {
    const names = named(finding);
    return names.length === 0 ? [] : [`${LEADS[finding]}: ${names.slice(0, NAMED).join(", ")}${rest(names)}`];
  });
  const withheld = behaviors.reduce((sum, one) => sum + one.withheld, 0);
  const power = `withheld so far: ${several(withheld, "time")}, over ${several(behaviors.length, "behavior")}; a 10 % withhold only detects gross effects of one behavior`;
  if (found.length === 0) return `none is shown to help or to harm by itself; ${power}`;
  return `${found.join("; ")} (at most ${percent(alpha)} of such findings are expected to be false); ${power}`;
}

const NAMED = 5;
const LEADS = { helps: "helps", harms: "HARMS", mixed: "helps one outcome and harms another" } as const;

function rest(names: readonly string[]): string {
  return names.length > NAMED ? ` and ${whole(names.length - NAMED)} more` : "";
}

function cited({ cited }: Lift): string {
  const { estimate, low, high } = cited;
  const sizes = `${whole(cited.cited)} that cite, ${whole(cited.uncited)} that do not`;
  const lead = "observational, not causal: among served tasks";
  if (estimate === undefined || low === undefined || high === undefined)
    return `${lead}, ${sizes}; too few to compare`;
  return `${lead}, those whose report cites a behavior took ${ratio(estimate)} × the output tokens of the others (${range({ low, high }, ratio)}; ${sizes})`;
}

/** Gains and losses are told by their words, so that no figure has a sign to be read twice. */
function accounted(account: Account, isDoubtful: boolean): string {
  const { tasks, asked, prices, costs, net, total, break_even_tasks } = account;
  if (tasks === 0) return "nothing to reckon yet: no served task has settled";
  const running = costs.reading + costs.definitions + costs.reports + costs.reflection;
  const over = `${several(tasks, "served task")}, which bear the definitions and reports of all ${whole(asked)} that asked`;
  const at = `at $${prices.output}, $${prices.input} and $${prices.cached} for a million tokens of output, input and cached input (HANDBOOK_PRICES) and ${REQUESTS_PER_TASK} requests a task`;
  if (net === undefined || total === undefined) {
    const why = isDoubtful
      ? "cannot be told, for the counts of tokens are not trustworthy"
      : "is not known yet";
    return `costs ${money(running)} a served task, ${money(running * tasks)} over ${over}; what it saves ${why}; ${at}`;
  }
  if (net.low > 0) {
    const pays =
      break_even_tasks === undefined
        ? ""
        : `; reflecting has paid after ${several(break_even_tasks, "served task")}, on the estimate`;
    return `saves ${money(net.estimate)} a served task (${range(net, money)}), ${money(total.estimate)} over ${over}${pays}; ${at}`;
  }
  if (net.high < 0)
    return `LOSES ${money(-net.estimate)} a served task (${range({ low: -net.high, high: -net.low }, money)}), ${money(-total.estimate)} over ${over}; ${at}`;
  return `neither a gain nor a loss is shown: between a loss of ${money(-net.low)} and a gain of ${money(net.high)} a served task, over ${over}; ${at}`;
}

function contamination({ contamination: { traces, share } }: Lift): string {
  if (traces === 0) return "no report of a task that was served nothing names a behavior";
  return `${several(traces, "report")} of tasks that were served nothing (${percent(share)}) name a behavior nevertheless, which makes the difference look smaller`;
}
