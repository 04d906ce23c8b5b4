import type { Episode } from "../../model/episode.ts";
import { eValue, intervalOf } from "./confidence-sequence.ts";
import { rejected } from "./e-bh.ts";
import { burnInOf, type Contrast, enter, startContrast } from "./estimate.ts";
import { mapInterval, verdict } from "./handbook-effect.ts";
import type { BehaviorEffect, BehaviorLift } from "./lift.ts";
import type { Outcomes } from "./outcomes.ts";
import { type Noisy, priorOf, shrunk } from "./shrinkage.ts";

/** Before that, no interval of a behavior is shown. Being withheld is rare: 1 in 80 with 10 % and eight candidates. */
export const BEHAVIOR_BURN_IN = { episodes: 100, without: 20 };

/** One behavior, shown against withheld, as it grows. */
export interface BehaviorContrast {
  behavior: string;
  shown: number;
  withheld: number;
  cited: number;
  token_ratio: Contrast;
  tested: Contrast;
  /** Σ (1/p₁ + 1/p₀) over the episodes with true tokens: times the residual variance over n², the estimate's variance. */
  weights: number;
}

/** All behaviors, as they grow. */
export interface BehaviorContrasts {
  byName: Map<string, BehaviorContrast>;
  /** Residuals of log tokens, of all behaviors together. */
  residuals: { n: number; squares: number };
}

export function startBehaviorContrasts(): BehaviorContrasts {
  return { byName: new Map(), residuals: { n: 0, squares: 0 } };
}

function startBehavior(behavior: string): BehaviorContrast {
  return {
    behavior,
    shown: 0,
    withheld: 0,
    cited: 0,
    token_ratio: startContrast(BEHAVIOR_BURN_IN),
    tested: startContrast(BEHAVIOR_BURN_IN),
    weights: 0,
  };
}

/**
 * Takes the candidates of an episode in: all served against all but this one. Given that an episode is not of the control arm,
 * that was drawn with 1 - w and w/k. Where another one was withheld an episode is of neither side: at most one is withheld, so
 * counting it as shown would charge this one with what the others lack. Control episodes say nothing of one behavior.
 * `residuals` are outcomes less what was expected of a served episode, whatever was withheld.
 */
export function enterBehaviors(
  { byName, residuals: all }: BehaviorContrasts,
  { arm, candidates, withheld, withhold, cited }: Episode,
  residuals: Outcomes,
  alpha: number,
): void {
  if (arm === "control") return;
  const p0 = withhold / candidates.length;
  const p1 = 1 - withhold;
  const bound = 1 / Math.min(p0, p1);
  const { token_ratio: tokens, tested } = residuals;
  if (tokens !== undefined) {
    all.n += 1;
    all.squares += tokens * tokens;
  }
  for (const [place, name] of candidates.entries()) {
    let contrast = byName.get(name);
    if (contrast === undefined) {
      contrast = startBehavior(name);
      byName.set(name, contrast);
    }
    const isWithheld = arm === "withheld" && place === withheld;
    if (isWithheld) contrast.withheld += 1;
    else contrast.shown += 1;
    if (!isWithheld && cited.includes(place)) contrast.cited += 1;
    if (p0 <= 0 || p1 <= 0) continue;
    const side = isWithheld ? "second" : arm === "served" ? "first" : "neither";
    const weight = { first: 1 / p1, second: -1 / p0, neither: 0 }[side];
    if (tokens !== undefined) {
      enter(contrast.token_ratio, side, tokens * weight, 0, alpha);
      contrast.weights += 1 / p0 + 1 / p1;
    }
    if (tested !== undefined) enter(contrast.tested, side, tested * weight, bound, alpha);
  }
}

/** Every behavior's effects, what e-BH lets claim of them together, and the shrunk effects; by name. */
export function behaviorLifts({ byName, residuals }: BehaviorContrasts, alpha: number): BehaviorLift[] {
  const sorted = [...byName.values()].sort((a, b) => (a.behavior < b.behavior ? -1 : 1));
  const noise = residuals.n === 0 ? 0 : Math.max(residuals.squares / residuals.n, 1e-9);
  const noisy = sorted.map((contrast) => noisyOf(contrast, noise));
  const prior = priorOf(noisy.flatMap((estimate) => estimate ?? []));
  const lifts = sorted.map((contrast, i): BehaviorLift => {
    const { behavior, shown, withheld, cited } = contrast;
    return {
      behavior,
      candidate: shown + withheld,
      shown,
      withheld,
      cited,
      token_ratio: behaviorEffect(contrast.token_ratio, true, alpha),
      tested: behaviorEffect(contrast.tested, false, alpha),
      shrunk: shrunk(noisy[i], prior) - prior.mean,
    };
  });
  claim(lifts, alpha);
  return lifts;
}

/** Inverse-probability estimates of few withheld episodes have no usable variance of their own, so the pooled one stands in. */
function noisyOf({ token_ratio: { sequence }, weights }: BehaviorContrast, noise: number): Noisy | undefined {
  if (sequence.n === 0) return undefined;
  return { estimate: sequence.mean, variance: (noise * weights) / sequence.n ** 2 };
}

function behaviorEffect(contrast: Contrast, isCost: boolean, alpha: number): BehaviorEffect {
  const interval = intervalOf(contrast.sequence, alpha);
  return {
    shown: contrast.with,
    withheld: contrast.without,
    ...(interval && (isCost ? mapInterval(interval, Math.exp) : interval)),
    burn_in: burnInOf(contrast),
    verdict: verdict(interval, isCost),
    e_better: eValue(contrast.sequence, isCost ? -1 : 1),
    e_worse: eValue(contrast.sequence, isCost ? 1 : -1),
  };
}

/**
 * Marks what may be claimed: e-BH over the effects whose burn-in is over (which counts decide, not outcomes), both directions
 * each. A behavior with claims in both directions is a mixed one.
 */
function claim(lifts: readonly BehaviorLift[], alpha: number): void {
  const hypotheses = lifts.flatMap((lift) =>
    [lift.token_ratio, lift.tested]
      .filter(({ verdict }) => verdict !== "too-early")
      .flatMap((effect) => [
        { lift, effect, direction: "better" as const, e: effect.e_better },
        { lift, effect, direction: "worse" as const, e: effect.e_worse },
      ]),
  );
  const isRejected = rejected(
    hypotheses.map(({ e }) => e),
    alpha,
  );
  for (const [i, { lift, effect, direction }] of hypotheses.entries()) {
    if (!isRejected[i]) continue;
    effect.claimed = direction;
    const finding = direction === "better" ? "helps" : "harms";
    lift.finding = lift.finding === undefined || lift.finding === finding ? finding : "mixed";
  }
}
