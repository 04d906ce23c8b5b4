/** Something that may be chosen: what it covers, distinct, and what it is worth. */
export interface Option {
  features: readonly string[];
  value: number;
}

/**
 * The places of at most `most` options that cover the features best, in the order they were chosen: each next one adds
 * most to those before it, so that a beginning of the list is a good choice too.
 *
 * Greedy: an option adds value × Σ weight(f) · ½^(times f is covered) over its features, by √(number of features) so that long
 * problems do not win by length; weight(f) = ln(1 + n / options with f). Ties go to the earlier option. What an option adds
 * only ever falls, so one that still leads after being weighed anew is the best (lazy greedy, Minoux 1978).
 */
export function mostDiverse(options: readonly Option[], most: number): number[] {
  const holders = new Map<string, number>();
  for (const { features } of options)
    for (const feature of features) holders.set(feature, (holders.get(feature) ?? 0) + 1);
  const left = new Map<string, number>();
  for (const [feature, n] of holders) left.set(feature, Math.log(1 + options.length / n));
  const gain = (place: number) => {
    const { features, value } = options[place] ?? { features: [], value: 0 };
    let sum = 0;
    for (const feature of features) sum += left.get(feature) ?? 0;
    return features.length === 0 ? 0 : (value * sum) / Math.sqrt(features.length);
  };

  const gains = Float64Array.from(options, (_, place) => gain(place));
  const isBefore = (a: number, b: number) =>
    (gains[a] ?? 0) > (gains[b] ?? 0) || ((gains[a] ?? 0) === (gains[b] ?? 0) && a < b);
  const heap = options.map((_, place) => place).sort((a, b) => (isBefore(a, b) ? -1 : 1));
  const chosen: number[] = [];
  while (chosen.length < most && heap.length > 0) {
    const [top = 0] = heap;
    const before = gains[top];
    gains[top] = gain(top);
    if (gains[top] !== before) {
      sink(heap, isBefore);
      continue;
    }
    chosen.push(top);
    for (const feature of options[top]?.features ?? []) left.set(feature, (left.get(feature) ?? 0) / 2);
    const last = heap.pop() ?? 0;
    if (heap.length > 0) {
      heap[0] = last;
      sink(heap, isBefore);
    }
  }
  return chosen;
}

/** Puts the first of a binary heap where it belongs. */
function sink(heap: number[], isBefore: (a: number, b: number) => boolean): void {
  for (let at = 0; ; ) {
    let first = at;
    for (const child of [2 * at + 1, 2 * at + 2])
      if (child < heap.length && isBefore(heap[child] ?? 0, heap[first] ?? 0)) first = child;
    if (first === at) return;
    [heap[at], heap[first]] = [heap[first] ?? 0, heap[at] ?? 0];
    at = first;
  }
}
