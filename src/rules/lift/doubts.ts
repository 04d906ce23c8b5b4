import type { Contamination, LiftCounts, ReturnRates, Returns } from "./lift.ts";

/** From this share of control traces on, the arms are too much alike for the difference to be the handbook's. */
const CONTAMINATED = 0.1;
/** Below this share of episodes, those with a true count of tokens may be a kind of their own. */
const FEW_TOKENS = 0.5;

/** What casts doubt on the comparison of the arms, a sentence each; none when nothing does. */
export function doubtsOf(counts: LiftCounts, returns: Returns, contamination: Contamination): string[] {
  const { episodes, control, excluded, with_tokens, with_tokens_share } = counts;
  const doubts: string[] = [];
  if (episodes === 0) return ["No task has settled yet."];
  if (excluded === episodes)
    doubts.push("In no task both arms were possible, so there is nothing to compare with.");
  else if (control === 0) doubts.push("No task of the control arm has settled yet.");
  for (const [what, rates] of [
    ["A report", returns.trace],
    ["A known outcome", returns.outcome],
    ["A true count of tokens", returns.tokens],
  ] as const)
    if (rates.differs) doubts.push(`${what} comes back ${shares(rates)}: what is missing may differ too.`);
  if (returns.tokens.differs)
    doubts.push("Nothing bounds how far missing counts of tokens can shift the difference in tokens.");
  if (contamination.share >= CONTAMINATED)
    doubts.push(
      `${percent(contamination.share)} of the control arm's reports name a behavior that was not served, which hides a part of the effect.`,
    );
  if (with_tokens > 0 && with_tokens_share < FEW_TOKENS)
    doubts.push(`Only ${percent(with_tokens_share)} of the tasks have their tokens counted from outside.`);
  return doubts;
}

function shares({ served, control }: ReturnRates): string {
  return `from ${percent(served.share ?? 0)} of the served and ${percent(control.share ?? 0)} of the control tasks`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
