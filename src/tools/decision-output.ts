import * as z from "zod";
import { type Decision, DecisionKind } from "../model/decision.ts";

/** Decisions as an agent sees them. */
export const decisionOutput = z.array(
  z.strictObject({ name: z.string(), decision: DecisionKind, reason: z.string() }),
);

/** Named by the behavior that stands now; a rejected candidate by its own name. */
export function decisionList(decisions: readonly Decision[]): z.input<typeof decisionOutput> {
  return decisions.map(({ target, candidate, decision, reason }) => ({
    name: target?.name ?? candidate.name,
    decision,
    reason,
  }));
}
