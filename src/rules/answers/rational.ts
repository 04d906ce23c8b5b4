/** A fraction of whole numbers, exact. */
export interface Rational {
  over: bigint;
  under: bigint;
}

const DECIMAL = String.raw`\d+(?:\.\d+)?`;
const NUMBER = new RegExp(`^([+-]?)(${DECIMAL})$`);
const FRACTION = new RegExp(String.raw`^([+-]?)(\d*)\\frac\{([+-]?${DECIMAL})\}\{([+-]?${DECIMAL})\}$`);
const QUOTIENT = new RegExp(String.raw`^([+-]?)\(?([+-]?${DECIMAL})\)?/\(?([+-]?${DECIMAL})\)?$`);
const MAX_DIGITS = 1000;

/** The number that is written: whole, decimal, `a/b`, `\frac{a}{b}`, mixed `1\frac{4}{5}`; undefined for everything else. */
export function rational(latex: string): Rational | undefined {
  if (latex.length > MAX_DIGITS) return undefined;
  const number = NUMBER.exec(latex);
  if (number) return signed(number[1], decimal(number[2]));
  const [, sign, wholes, over, under] = FRACTION.exec(latex) ?? withoutWhole(QUOTIENT.exec(latex));
  if (over === undefined || under === undefined) return undefined;
  const [a, b] = [decimal(over), decimal(under)];
  if (b.over === 0n) return undefined;
  const value = { over: a.over * b.under, under: a.under * b.over };
  const whole = BigInt(wholes || 0);
  return signed(sign, { over: whole * value.under + value.over, under: value.under });
}

/** Whether a is b times `by`. */
export function sameRational(a: Rational, b: Rational, by = 1n): boolean {
  return a.over * b.under === b.over * by * a.under;
}

function withoutWhole(match: RegExpExecArray | null): (string | undefined)[] {
  return match === null ? [] : [match[0], match[1], "", match[2], match[3]];
}

function signed(sign: string | undefined, { over, under }: Rational): Rational {
  return { over: sign === "-" ? -over : over, under };
}

function decimal(text = "0"): Rational {
  const [whole = "", places = ""] = text.split(".");
  return { over: BigInt(whole + places), under: 10n ** BigInt(places.length) };
}
