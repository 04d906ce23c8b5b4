import { Evidence, type Outcome } from "../model/outcome.ts";

/** How an attempt ended, and who says so. */
export interface Standing {
  outcome: Outcome;
  evidence: Evidence;
}

/** What stands before anybody said anything. */
export const UNSTATED: Standing = { outcome: "unknown", evidence: "none" };

/**
 * What stands after a new statement: stronger evidence overrides weaker, never the reverse; of equal evidence the
 * latest wins. `unknown` states nothing, whoever says it, so it never overrides and anything overrides it.
 */
export function settledBy(standing: Standing, statement: Standing): Standing {
  if (statement.outcome === "unknown") return standing;
  if (standing.outcome === "unknown") return { outcome: statement.outcome, evidence: statement.evidence };
  return strength(statement.evidence) >= strength(standing.evidence)
    ? { outcome: statement.outcome, evidence: statement.evidence }
    : standing;
}

export function isSame(a: Standing, b: Standing): boolean {
  return a.outcome === b.outcome && a.evidence === b.evidence;
}

/** Who vouches when the caller does not say: a stated outcome without evidence is the agent's own word. */
export function impliedEvidence(outcome: Outcome): Evidence {
  return outcome === "unknown" ? "none" : "self";
}

function strength(evidence: Evidence): number {
  return -Evidence.options.indexOf(evidence);
}
