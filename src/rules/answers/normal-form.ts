/** An answer in mathematics, written in one way. `percent` and `degrees` were taken off it. */
export interface NormalForm {
  latex: string;
  percent: boolean;
  degrees: boolean;
}

const SYMBOLS: Record<string, string> = {
  "−": "-",
  "–": "-",
  "×": "\\times ",
  "·": "\\cdot ",
  "÷": "/",
  π: "\\pi ",
  "∞": "\\infty ",
  "≤": "\\le ",
  "≥": "\\ge ",
  "±": "\\pm ",
  "∪": "\\cup ",
  "∈": "\\in ",
  "°": "^\\circ ",
  "½": "\\frac{1}{2}",
  "¼": "\\frac{1}{4}",
  "¾": "\\frac{3}{4}",
};
const FUNCTIONS =
  /(?<![\\a-zA-Z])(arc(?:sin|cos|tan)|sin|cos|tan|cot|sec|csc|log|ln|exp|pi|theta|alpha|beta|lambda|infty|inf(?:inity)?)(?![a-zA-Z])/g;

/**
 * Writes an answer in one way: no delimiters, no spacing, no sizes, no currency, no unit behind a number, no thousand
 * separators, `\frac{1}{2}` for `\frac12` and `\dfrac 1 2`, Unicode signs as commands.
 *
 * Units are taken off and not compared, as the usual graders of MATH do (Hendrycks et al. 2021, `math_equivalence.py`;
 * Lewkowycz et al. 2022, appendix D).
 */
export function normalForm(answer: string): NormalForm {
  let latex = answer
    .replace(/[\uff01-\uff5e]/g, (sign) => sign.normalize("NFKC")) // full width, as in Chinese text
    .replace(/[−–×·÷π∞≤≥±∪∈°½¼¾]/g, (sign) => SYMBOLS[sign] ?? sign)
    .replace(/[⁰¹²³⁴-⁹]+/g, (power) => `^{${power.normalize("NFKC")}}`)
    .replace(/√\s*\(([^()]*)\)/g, "\\sqrt{$1}")
    .replace(/√\s*(\w+)/g, "\\sqrt{$1}")
    .replace(/\\\$/g, "") // currency, before formulas lose their marks
    .replace(/\$|(?<!\\)\\[()[\]]|[€£]/g, "")
    .replace(/\\(?:left|right|[bB]ig+[lr]?|displaystyle|textstyle|limits)(?![a-zA-Z])/g, "")
    .replace(/\\(?:[dtc]frac)(?![a-zA-Z])/g, "\\frac")
    .replace(/\\leq?(?:slant)?(?![a-zA-Z])/g, "\\le ")
    .replace(/\\geq?(?:slant)?(?![a-zA-Z])/g, "\\ge ")
    .replace(/\\lt(?![a-zA-Z])/g, "<")
    .replace(/\\gt(?![a-zA-Z])/g, ">")
    .replace(/<=/g, "\\le ")
    .replace(/>=/g, "\\ge ")
    .replace(/\\(?:langle|lparen)(?![a-zA-Z])/g, "(")
    .replace(/\\(?:rangle|rparen)(?![a-zA-Z])/g, ")")
    .replace(/\\lbrace(?![a-zA-Z])/g, "\\{")
    .replace(/\\rbrace(?![a-zA-Z])/g, "\\}")
    .trim()
    .replace(/[.,;:]+$/, "")
    .replace(/^\{(.*,.*)\}$/s, "\\{$1\\}"); // a set, written without backslashes
  latex = withoutSeparators(latex)
    .replace(/(?<!\\)\\[!,;:> ]|~|\\q?quad(?![a-zA-Z])/g, " ")
    .replace(/sqrt\s*\(([^()]*)\)/g, "sqrt{$1}")
    .replace(/(?<!\\)\bsqrt/g, "\\sqrt")
    .replace(FUNCTIONS, (name) => (name.startsWith("inf") ? "\\infty " : `\\${name} `));
  const percent = /\\?%|\bper ?cent\b/.test(latex);
  const degrees = /\^\s*\{?\s*\\circ|\\degree|\bdegrees?\b/.test(latex);
  latex = latex
    .replace(/\s*\\?%/g, "")
    .replace(/\^\s*(?:\{\s*\\circ\s*\}|\\circ)|\\degree/g, "")
    .replace(/\^\s*\{?\s*\\(?:text|mathrm|textrm)\{\s*(?:st|nd|rd|th)\s*\}\s*\}?/g, "");
  latex = spelledOut(withoutUnit(latex));
  return { latex, percent, degrees };
}

/** A separator inside brackets parts the members of a tuple, unless it is set as one: `10,\!080`, `10{,}080`. */
function withoutSeparators(latex: string): string {
  const set = latex.replace(/(\d)(?:,\s*\\!\s*|\{,\}\s*)(?=\d{3}(?!\d))/g, "$1");
  let depth = 0;
  let out = "";
  for (let i = 0; i < set.length; i++) {
    const sign = set[i] ?? "";
    if (/[([]/.test(sign) || (sign === "\\" && set[i + 1] === "{")) depth++;
    if (/[)\]]/.test(sign) || (sign === "\\" && set[i + 1] === "}")) depth--;
    const isSeparator =
      sign === "," &&
      depth === 0 &&
      /(?:^|[^\d,])\d{1,3}(?:,?\d{3})*$/.test(out) &&
      /^\d{3}(?!\d)/.test(set.slice(i + 1));
    if (!isSeparator) out += sign;
  }
  return out;
}

const WORDS = String.raw`\\(?:text|mbox|textrm|mathrm|textbf|operatorname)\s*\{[^{}]*\}`;
const SHORT_UNITS = "cm|mm|km|m|ft|yd|mi|kg|mg|g|ml|hr";
const UNIT_BEHIND = new RegExp(
  String.raw`(?<=[\d})a-z])\s*(?:${WORDS}|(?<=\d)(?:${SHORT_UNITS})|(?<=[\d})]\s+)(?!or\b|and\b)(?:[a-zA-Z]{2,}|m|g)\.?)(?:\s+[a-zA-Z]+)*\s*(?:\^\s*\{?\d\}?)?\s*$`,
);

/** Takes off the words behind an amount. A text without an amount stays. */
function withoutUnit(latex: string): string {
  const unit = UNIT_BEHIND.exec(latex);
  const amount = latex.slice(0, unit?.index);
  return unit === null || !/\d|\\pi/.test(amount) || /\\begin/.test(amount) ? latex : amount;
}

/** Braces where LaTeX lets one leave them out, and spaces only where a command needs one. */
function spelledOut(latex: string): string {
  return latex
    .replace(/\\(?:text|mbox|textrm|mathrm|textbf|mathbf|operatorname)\s*\{([^{}]*)\}/g, " $1 ")
    .replace(/\s+/g, " ")
    .replace(/(\d)\s+(\d+)\/(\d+)(?!\d)/g, "$1\\frac{$2}{$3}") // 137 1/2
    .replace(/\s+(?=[^a-zA-Z])|(?<![a-zA-Z])\s+/g, "")
    .trim()
    .replace(/\\sqrt([a-zA-Z\d])/g, "\\sqrt{$1}")
    .replace(/\\frac\s*([a-zA-Z\d])\s*([a-zA-Z\d])/g, "\\frac{$1}{$2}")
    .replace(/\\frac\s*([a-zA-Z\d])\s*\{/g, "\\frac{$1}{")
    .replace(/(\\frac\{[^{}]*\})\s*([a-zA-Z\d])/g, "$1{$2}")
    .replace(/([_^])\{(\w)\}/g, "$1$2")
    .replace(/(?<![\d.])\.(?=\d)/g, "0.")
    .replace(/(\d)\.(?!\d)/g, "$1");
}
