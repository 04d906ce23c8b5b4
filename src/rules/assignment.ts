import type { Arm } from "../model/use.ts";
import { digest } from "./identity.ts";

/** What chance is given, both 0..1. */
export interface Chances {
  /** Probability of the control arm, which is served nothing. */
  holdout: number;
  /** Probability, outside the control arm, that one behavior is withheld. */
  withhold: number;
}

export interface Assignment {
  arm: Arm;
  /** Place of the one that is withheld. */
  withheld?: number;
}

/**
 * Draws the arm of an episode with `k` candidates: control with probability `holdout`; else, with probability
 * `withhold`, one of them, each as likely as the other, is withheld; else all are served.
 *
 * The chance is SHA-256 of salt and episode id, cut into three numbers of [0, 1) with 53 bits each. So the same draw can
 * be made again by whoever knows the salt, and be foreseen by nobody else. Without candidates there is nothing to withhold.
 */
export function draw(episodeId: string, salt: string, { holdout, withhold }: Chances, k: number): Assignment {
  const hash = digest([salt, episodeId]);
  if (uniform(hash, 0) < holdout) return { arm: "control" };
  if (k < 1 || uniform(hash, 1) >= withhold) return { arm: "served" };
  return { arm: "withheld", withheld: Math.floor(uniform(hash, 2) * k) };
}

/** The number in [0, 1) that the 53 highest of 64 bits of a hex digest spell. */
function uniform(hash: string, part: number): number {
  return Number(BigInt(`0x${hash.slice(part * 16, part * 16 + 16)}`) >> 11n) / 2 ** 53;
}

/** What an estimate divides by: the probabilities with which `draw` decides. */
export interface Propensities {
  /** P(control) = h. */
  control: number;
  /** P(all are served) = (1 - h)(1 - w). */
  served: number;
  /** P(a given candidate is withheld) = (1 - h) w / k. */
  withheld: number;
  /** P(a given candidate is shown) = (1 - h)(1 - w / k). */
  shown: number;
}

/** The propensities of an episode with `k` candidates, k ≥ 1. */
export function propensities({ holdout, withhold }: Chances, k: number): Propensities {
  return {
    control: holdout,
    served: (1 - holdout) * (1 - withhold),
    withheld: ((1 - holdout) * withhold) / k,
    shown: (1 - holdout) * (1 - withhold / k),
  };
}
