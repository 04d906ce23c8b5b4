import type { HandbookCounts } from "../../ports/statistics.ts";
import { type Account, REQUESTS_PER_TASK } from "./account.ts";
import { money, percent, points, range, ratio, several, shareOf, whole } from "./figures.ts";
import type { Effect, Interval, Lift } from "./lift.ts";

/** What a report rests on. */
export interface Measured {
  counts: Pick<HandbookCounts, "rates" | "report_tokens">;
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

/** Tells what was measured, harm as plainly as help. */
export function sentences({ counts, lift, account }: Measured): Sentences {
  const { tested, success } = lift.handbook;
  return {
    tokens: tokens(lift),
    tested: successes(lift, tested, "a tested outcome"),
    success: successes(lift, success, "an outcome"),
    trustworthy: trust(lift),
    arms: arms(lift, counts.rates.episodes),
    counted: counted(lift),
    reports: `reports that agents wrote themselves: ${several(lift.counts.cost.report_tokens, "token")} a task, ${whole(counts.report_tokens)} in all; how long a report is says nothing of the work, so it is kept out of the comparison`,
    use: use(counts.rates),
    behaviors: behaviors(lift),
    cited: cited(lift),
    account: accounted(account),
    contamination: contamination(lift),
    limits:
      "compared are tasks of the same time, with and without; what a handbook changes over months, by learning, is not estimated",
    off: "HANDBOOK_HOLDOUT=0 and HANDBOOK_WITHHOLD=0 serve every task everything; then nothing is measured",
  };
}

/** An effect whose interval is there. */
function isTold(effect: Effect): effect is Effect & Interval {
  return effect.estimate !== undefined && effect.low !== undefined && effect.high !== undefined;
}

function level({ alpha }: Lift): string {
  return `${whole(100 * (1 - alpha))} % interval`;
}

function tokens(lift: Lift): string {
  const { token_ratio, tokens } = lift.handbook;
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

function successes(lift: Lift, effect: Effect, what: string): string {
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

function tooEarly({ counts }: Lift, { burn_in, more_needed }: Effect, what: string): string {
  if (counts.episodes > 0 && counts.excluded === counts.episodes)
    return "not measured: no task was held out (HANDBOOK_HOLDOUT=0), so there is nothing to compare with";
  const { have, needed } = burn_in;
  const more = more_needed === undefined ? "" : `about ${whole(more_needed)} more episodes at this rate; `;
  return `not enough data yet: ${more}${whole(have.episodes)} of ${whole(needed.episodes)} episodes with ${what}, ${whole(have.without)} of ${whole(needed.without)} of them without the handbook`;
}

function untilWorthKnowing({ more_needed }: Effect): string {
  if (more_needed === undefined) return "";
  return `; about ${whole(more_needed)} more episodes until a change of 20 % can be excluded`;
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

function use({
  recorded,
  after_retrieval,
  episodes,
  returned,
  served,
  citing,
}: HandbookCounts["rates"]): string {
  if (recorded === 0 && episodes === 0) return "not yet: no task has asked, none was reported";
  return `asked before the work: ${shareOf(after_retrieval, recorded)} of the recorded tasks; reported after it: ${shareOf(returned, episodes)} of the tasks that asked; cited: ${shareOf(citing, served)} of the reports of served tasks`;
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

function accounted({ tasks, prices, costs, net, total, break_even_tasks }: Account): string {
  if (tasks === 0) return "nothing to reckon yet: no task was served";
  const running = costs.reading + costs.definitions + costs.reports + costs.reflection;
  const at = `at $${prices.output}, $${prices.input} and $${prices.cached} for a million tokens of output, input and cached input (HANDBOOK_PRICES) and ${REQUESTS_PER_TASK} requests a task`;
  if (net === undefined || total === undefined)
    return `costs ${money(running)} a task ${at}; what it saves is not known yet`;
  const verdict = net.low > 0 ? "saves" : net.high < 0 ? "LOSES" : "neither a gain nor a loss is shown:";
  const size =
    net.low > 0 || net.high >= 0 ? net : { estimate: -net.estimate, low: -net.high, high: -net.low };
  const pays =
    break_even_tasks === undefined
      ? "on the estimate it never pays"
      : `on the estimate it pays after ${several(break_even_tasks, "task")}`;
  return `${verdict} ${money(size.estimate)} a task (${range(size, money)}), ${money(total.estimate)} over ${several(tasks, "task")}; ${pays}; ${at}`;
}

function contamination({ contamination: { traces, share } }: Lift): string {
  if (traces === 0) return "no report of a task that was served nothing names a behavior";
  return `${several(traces, "report")} of tasks that were served nothing (${percent(share)}) name a behavior nevertheless, which makes the difference look smaller`;
}
