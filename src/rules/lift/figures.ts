import type { Interval } from "./lift.ts";

/** A format is made when it is first used: that takes a millisecond, which the start of a server has not to spare. */
const written = (options: Intl.NumberFormatOptions) => {
  let format: Intl.NumberFormat | undefined;
  return (value: number) => {
    format ??= new Intl.NumberFormat("en-US", options);
    return format.format(value === 0 ? 0 : value); // no "-0"
  };
};

/** 12,345 */
export const whole = written({ maximumFractionDigits: 0 });
/** 0.78 */
export const ratio = written({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
/** -4.1, of a difference of probabilities, in percentage points. */
export const points = (value: number) => signed(100 * value);
const signed = written({ minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "exceptZero" });
const large = written({ maximumFractionDigits: 2, minimumFractionDigits: 2 });
const small = written({ maximumSignificantDigits: 2 });

/** 62 %, and no 0 or 100 where it is not quite. */
export function percent(share: number): string {
  const near = share > 0 && share < 0.01 ? 0.01 : share < 1 && share > 0.99 ? 0.99 : undefined;
  if (near !== undefined) return near < 0.5 ? "under 1 %" : "over 99 %";
  return `${whole(100 * share)} %`;
}

/** 62 % (31 of 50), or what is said where there is nothing to count. */
export function shareOf(part: number, of: number): string {
  return of === 0 ? "none yet" : `${percent(part / of)} (${whole(part)} of ${whole(of)})`;
}

/** $12.30, $0.0042, -$1.50 */
export function money(value: number): string {
  const size = Math.abs(value);
  return `${value < 0 ? "-" : ""}$${size >= 1 ? large(size) : small(size)}`;
}

/** 840 to 1,640 */
export function range(
  { low, high }: Pick<Interval, "low" | "high">,
  figure: (value: number) => string,
): string {
  return `${figure(low)} to ${figure(high)}`;
}

/** 1 task, 2 tasks */
export function several(n: number, noun: string): string {
  return `${whole(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** 2026-11-01 10:00 */
export function minute(instant: string): string {
  return instant.slice(0, 16).replace("T", " ");
}
