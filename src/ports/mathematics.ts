/** Knows when two formulas in LaTeX are the same. */
export interface Mathematics {
  /** Undefined where it cannot tell: unreadable, too long, too slow, without a value. Never throws, never hangs. */
  areEqual(a: string, b: string): Promise<boolean | undefined>;
  close(): Promise<void>;
}
