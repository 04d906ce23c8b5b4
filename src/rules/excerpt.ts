/**
 * How many tokens of a shared budget each text may have: the budget is split evenly, and what a short text does
 * not need goes to the longer ones. Returns one allowance per text, in order; none is below zero.
 */
export function shareBudget(lengths: readonly number[], budget: number): number[] {
  const allowances = new Array<number>(lengths.length).fill(0);
  let left = budget;
  const shortestFirst = lengths
    .map((length, place) => ({ length, place }))
    .sort((a, b) => a.length - b.length);
  for (const [done, { length, place }] of shortestFirst.entries()) {
    const share = Math.min(length, Math.floor(left / (lengths.length - done)));
    allowances[place] = share;
    left -= share;
  }
  return allowances;
}
