/** Knows when two formulas in LaTeX are the same. */
export interface Mathematics {
  /** Undefined where it cannot tell: unreadable, too long, too slow, without a value. Never hangs. Throws: CHECK_FAILED when nothing can be compared at all. */
  areEqual(a: string, b: string): Promise<boolean | undefined>;
  close(): Promise<void>;
}
