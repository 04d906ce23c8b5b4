import type { Episode } from "../../model/episode.ts";
import type { Propensities } from "../assignment.ts";
import { intervalOf } from "./confidence-sequence.ts";
import { type Contrast, enter, isInformative, pseudoOutcome, type Side, startContrast } from "./estimate.ts";
import { HANDBOOK_BURN_IN } from "./handbook-effect.ts";
import type { Bounds, Interval, Rate, ReturnRates, Returns } from "./lift.ts";
import type { Outcomes } from "./outcomes.ts";

const KINDS = ["trace", "outcome", "tokens"] as const;
type Kind = (typeof KINDS)[number];
type Ends = { worst: Contrast; best: Contrast };

/** Who came back, by arm, as it grows. */
export interface Attrition {
  rates: Record<Kind, Record<Episode["arm"], { episodes: number; returned: number }>>;
  differences: Record<Kind, Contrast>;
  bounds: { tested: Ends; success: Ends };
}

export function startAttrition(): Attrition {
  const arms = () => ({ served: none(), control: none(), withheld: none() });
  const none = () => ({ episodes: 0, returned: 0 });
  const contrast = () => startContrast(HANDBOOK_BURN_IN);
  return {
    rates: { trace: arms(), outcome: arms(), tokens: arms() },
    differences: { trace: contrast(), outcome: contrast(), tokens: contrast() },
    bounds: {
      tested: { worst: contrast(), best: contrast() },
      success: { worst: contrast(), best: contrast() },
    },
  };
}

/** Takes an episode in, whatever came back of it. */
export function enterAttrition(
  { rates, differences, bounds }: Attrition,
  { arm, returned }: Episode,
  side: Side,
  outcomes: Outcomes,
  propensities: Propensities,
  alpha: number,
): void {
  const came = {
    trace: returned,
    outcome: outcomes.success !== undefined,
    tokens: outcomes.tokens !== undefined,
  };
  for (const kind of KINDS) {
    // What is expected of this episode comes from the ones before it, of all arms alike.
    const before = share(rates[kind]);
    const rate = rates[kind][arm];
    rate.episodes += 1;
    if (came[kind]) rate.returned += 1;
    if (isInformative(propensities))
      enterShare(differences[kind], side, came[kind] ? 1 : 0, before, propensities, alpha / KINDS.length);
  }
  if (!isInformative(propensities)) return;
  for (const name of ["tested", "success"] as const) {
    const [whenFirst, whenSecond] = [outcomes[name] ?? 0, outcomes[name] ?? 1];
    // Worst for the handbook: what is missing failed where it was served and succeeded where it was not.
    const worst = side === "first" ? whenFirst : whenSecond;
    const best = side === "first" ? whenSecond : whenFirst;
    enterShare(bounds[name].worst, side, worst, 0.5, propensities, alpha);
    enterShare(bounds[name].best, side, best, 0.5, propensities, alpha);
  }
}

function enterShare(
  contrast: Contrast,
  side: Side,
  value: number,
  before: number,
  { served, control }: Propensities,
  alpha: number,
): void {
  const bound = 1 / Math.min(served, control);
  enter(contrast, side, pseudoOutcome(side, value, [before, before], [served, control]), bound, alpha);
}

/** Share over all arms, with one that came and one that did not beforehand (Laplace). */
function share(rates: Record<string, { episodes: number; returned: number }>): number {
  let [episodes, returned] = [2, 1];
  for (const rate of Object.values(rates)) {
    episodes += rate.episodes;
    returned += rate.returned;
  }
  return returned / episodes;
}

/**
 * Rates of return and whether they differ between the arms: the anytime-valid interval of served - control has no 0 in it. The three
 * intervals share α (Bonferroni), so together they are wrong at most that often.
 *
 * Where they differ, the difference in success is only known to lie between the bounds of Manski, "Nonparametric bounds on
 * treatment effects", American Economic Review 1990: whatever is missing failed in one arm and succeeded in the other.
 */
export function returnsOf({ rates, differences, bounds }: Attrition, alpha: number): Returns {
  const of = (kind: Kind) =>
    ratesOf(rates[kind], intervalOf(differences[kind].sequence, alpha / KINDS.length));
  const returns = { trace: of("trace"), outcome: of("outcome"), tokens: of("tokens") };
  const differs = KINDS.some((kind) => returns[kind].differs);
  const [tested, success] = [boundsOf(bounds.tested, alpha), boundsOf(bounds.success, alpha)];
  return { ...returns, differs, ...(differs && tested && success && { bounds: { tested, success } }) };
}

function ratesOf(
  { served, control, withheld }: Attrition["rates"][Kind],
  difference: Interval | undefined,
): ReturnRates {
  const rate = ({ episodes, returned }: Rate): Rate => ({
    episodes,
    returned,
    ...(episodes > 0 && { share: returned / episodes }),
  });
  return {
    served: rate(served),
    control: rate(control),
    withheld: rate(withheld),
    ...(difference && { difference }),
    differs: difference !== undefined && (difference.low > 0 || difference.high < 0),
  };
}

function boundsOf({ worst, best }: Ends, alpha: number): Bounds | undefined {
  const [low, high] = [intervalOf(worst.sequence, alpha), intervalOf(best.sequence, alpha)];
  return low && high && { worst: low, best: high };
}
