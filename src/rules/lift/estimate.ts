import type { Episode } from "../../model/episode.ts";
import type { Arm } from "../../model/use.ts";
import { type Propensities, propensities } from "../assignment.ts";
import { add, type Sequence, settleRho2, startSequence } from "./confidence-sequence.ts";
import type { BurnIn, BurnInCounts } from "./lift.ts";

/**
 * Pseudo-outcome of a randomized episode whose mean, over the draw, is its own effect:
 * m₁ - m₀ + a(y - m₁)/p₁ - b(y - m₀)/p₀, where a and b say whether it was in the first or the second arm (or in neither).
 *
 * Augmented inverse probability weighting: unbiased whatever the predictions m are, as long as they were made before the
 * draw, because the probabilities p are known; good predictions only narrow it. Source: Robins, Rotnitzky & Zhao 1994;
 * sequentially, with nuisances from earlier episodes only: Waudby-Smith et al. 2024, arXiv:2103.06476, section 3.
 */
export function pseudoOutcome(
  arm: Side,
  outcome: number,
  [m1, m0]: readonly [number, number],
  [p1, p0]: readonly [number, number],
): number {
  const residual = arm === "first" ? (outcome - m1) / p1 : arm === "second" ? (m0 - outcome) / p0 : 0;
  return m1 - m0 + residual;
}

/** Of which arm of a comparison an episode is. */
export type Side = "first" | "second" | "neither";

/** A running comparison of two arms. */
export interface Contrast {
  sequence: Sequence;
  /** Episodes of the first arm and of the second one that entered. */
  with: number;
  without: number;
  needed: BurnInCounts;
}

export function startContrast(needed: BurnInCounts): Contrast {
  return { sequence: startSequence(), with: 0, without: 0, needed };
}

/** Takes the pseudo-outcome of one episode in. The burn-in ends by counts of arms, never by outcomes. */
export function enter(contrast: Contrast, arm: Side, value: number, unseen: number, alpha: number): void {
  const { sequence, needed } = contrast;
  add(sequence, value, unseen);
  if (arm === "first") contrast.with += 1;
  if (arm === "second") contrast.without += 1;
  if (sequence.rho2 !== undefined || sequence.n < needed.episodes) return;
  if (Math.min(contrast.with, contrast.without) >= needed.without) settleRho2(sequence, alpha);
}

export function burnInOf({ sequence, with: shown, without, needed }: Contrast): BurnIn {
  return { needed, have: { episodes: sequence.n, without: Math.min(shown, without) } };
}

/** Which side of the comparison of all against none an episode is on. */
export function sideOf(arm: Arm): Side {
  return arm === "served" ? "first" : arm === "control" ? "second" : "neither";
}

/** The episode's own propensities; they may differ from one episode to the next. */
export function propensitiesOf({ holdout, withhold, candidates }: Episode): Propensities {
  return propensities({ holdout, withhold }, Math.max(1, candidates.length));
}

/** Whether both arms were possible, so that the episode says something of the handbook. */
export function isInformative({ control, served }: Propensities): boolean {
  return control > 0 && served > 0;
}
