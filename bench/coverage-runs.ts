import { intervalOf } from "../src/rules/lift/confidence-sequence.ts";
import { liftOf, type Meter, startMeter, take } from "../src/rules/lift/meter.ts";
import { OUTCOMES, type OutcomeName } from "../src/rules/lift/outcomes.ts";
import { simulatedTasks, type World } from "./simulated-tasks.ts";

/** What one history showed, looked at after every episode. */
export interface Run {
  /** Whether the truth was in the interval at every look, and whether there was a look. */
  covered: Record<OutcomeName, boolean>;
  looked: Record<OutcomeName, boolean>;
  /** First episode, of any arm, at which the interval was all on one side of no effect. */
  claimedAt: Record<OutcomeName, number | undefined>;
  /** The same, where tokens were claimed to be fewer. */
  savedAt: number | undefined;
  /** Estimate less truth, at the end; of tokens, as a logarithm. */
  error: number;
  truth: number;
  halfWidth: number;
  differs: boolean;
  isTrustworthy: boolean;
  /** Over single behaviors: those past their burn-in, those of them whose truth was in the last interval, and claims. */
  behaviors: { judged: number; covered: number; claims: number; wrong: number };
  /** Tasks that found behaviors against those that found none, and served ones that cite against those that do not. */
  naive: { error: number; isClaimed: boolean };
  cited: { error: number; isClaimed: boolean };
}

const ALPHA = 0.05;

export function runOnce(world: World, seed: number): Run {
  const meter = startMeter({ alpha: ALPHA, points: 2 });
  const truths = record(() => 0);
  const covered = record(() => true);
  const looked = record(() => false);
  const claimedAt = record<number | undefined>(() => undefined);
  let savedAt: number | undefined;
  const [found, none, cites, silent] = [moments(), moments(), moments(), moments()];
  const own = new Map<string, { n: number; sum: number }>();
  for (const { episode, effects, candidates, logTokens } of simulatedTasks(world, seed)) {
    if (episode === undefined || episode.arm !== "control") put(episode ? found : none, logTokens);
    if (episode === undefined) continue;
    if (episode.arm === "served" && episode.tokens !== undefined)
      put(episode.cited.length > 0 ? cites : silent, logTokens);
    const before = counts(meter);
    const behaviorsBefore = meter.nuisance.token_ratio.n;
    take(meter, episode);
    if (episode.arm !== "control" && episode.tokens !== undefined && behaviorsBefore >= 20)
      for (const [place, effect] of candidates.entries()) {
        const name = episode.candidates[place] ?? "";
        const { n, sum } = own.get(name) ?? { n: 0, sum: 0 };
        own.set(name, { n: n + 1, sum: sum + effect });
      }
    for (const name of OUTCOMES) {
      const { sequence } = meter.handbook[name];
      if (sequence.n === before[name]) continue;
      truths[name] += effects[name];
      const interval = intervalOf(sequence, ALPHA);
      if (interval === undefined) continue;
      const truth = truths[name] / sequence.n;
      looked[name] = true;
      if (truth < interval.low || truth > interval.high) covered[name] = false;
      if (interval.low > 0 || interval.high < 0) claimedAt[name] ??= meter.tally.episodes;
      if (name === "token_ratio" && interval.high < 0) savedAt ??= meter.tally.episodes;
    }
  }
  const lift = liftOf(meter);
  const { sequence } = meter.handbook.token_ratio;
  const truth = truths.token_ratio / Math.max(1, sequence.n);
  const interval = intervalOf(sequence, ALPHA);
  const judged = lift.behaviors.filter(({ token_ratio }) => token_ratio.verdict !== "too-early");
  const truthOf = (behavior: string) => {
    const { n, sum } = own.get(behavior) ?? { n: 1, sum: 0 };
    return sum / n;
  };
  return {
    covered,
    looked,
    claimedAt,
    savedAt,
    error: sequence.mean - truth,
    truth,
    halfWidth: interval ? interval.high - interval.estimate : Number.NaN,
    differs: lift.returns.differs,
    isTrustworthy: lift.trustworthy,
    behaviors: {
      judged: judged.length,
      covered: judged.filter(({ behavior, token_ratio: { low = 0, high = 0 } }) => {
        const own = Math.exp(truthOf(behavior));
        return low <= own && own <= high;
      }).length,
      claims: judged.filter(({ token_ratio }) => token_ratio.claimed).length,
      wrong: judged.filter(
        ({ behavior, token_ratio: { claimed } }) =>
          claimed !== undefined && (claimed === "better" ? truthOf(behavior) >= 0 : truthOf(behavior) <= 0),
      ).length,
    },
    naive: welch(found, none, truth),
    cited: welch(cites, silent, truth),
  };
}

function record<T>(make: () => T): Record<OutcomeName, T> {
  return { token_ratio: make(), tokens: make(), tested: make(), success: make() };
}

function counts({ handbook }: Meter): Record<OutcomeName, number> {
  const { token_ratio, tokens, tested, success } = handbook;
  return {
    token_ratio: token_ratio.sequence.n,
    tokens: tokens.sequence.n,
    tested: tested.sequence.n,
    success: success.sequence.n,
  };
}

interface Moments {
  n: number;
  sum: number;
  squares: number;
}

function moments(): Moments {
  return { n: 0, sum: 0, squares: 0 };
}

function put(at: Moments, value: number): void {
  at.n += 1;
  at.sum += value;
  at.squares += value * value;
}

/** What somebody without arms would compute, once at the end: Welch's test of log tokens at 5 %, beside the truth. */
function welch(a: Moments, b: Moments, truth: number): { error: number; isClaimed: boolean } {
  const difference = a.sum / a.n - b.sum / b.n;
  const square = ({ n, sum, squares }: Moments) => (squares / n - (sum / n) ** 2) / n;
  return {
    error: difference - truth,
    isClaimed: Math.abs(difference) > 1.96 * Math.sqrt(square(a) + square(b)),
  };
}
