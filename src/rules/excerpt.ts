/**
 * The beginning and the end of a text with a mark between that says how much is left out. Traces tell their plan
 * at the beginning and their result at the end; the middle is what can best be missed.
 *
 * The result holds at most `keep` characters of the text, cut at line or word ends where one is near.
 */
export function cutMiddle(text: string, keep: number): string {
  if (text.length <= keep) return text;
  const half = Math.max(0, Math.floor(keep / 2));
  const head = atWordEnd(text.slice(0, half));
  const tail = atWordStart(text.slice(text.length - half));
  const left = text.length - head.length - tail.length;
  return `${head}\n[... ${left.toLocaleString("en-US")} characters left out ...]\n${tail}`;
}

const NEAR = 200;

function atWordEnd(text: string): string {
  const at = text.search(/\s\S*$/);
  const cut = at >= 0 && text.length - at <= NEAR ? text.slice(0, at) : text;
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

function atWordStart(text: string): string {
  const at = text.search(/\s/);
  const cut = at >= 0 && at <= NEAR ? text.slice(at + 1) : text;
  return cut.isWellFormed() ? cut : cut.slice(1);
}

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
