/** How an answer is built. */
export type Shape =
  | { kind: "formula"; latex: string }
  /** Members in this order: a tuple, an interval, a vector, a matrix of rows. */
  | { kind: "ordered"; brackets: string; members: Shape[] }
  /** Members in any order: a set, or a list without brackets. */
  | { kind: "unordered"; members: Shape[] }
  | { kind: "union"; members: Shape[] };

/** Of a formula none. */
export function membersOf(shape: Shape): Shape[] {
  return shape.kind === "formula" ? [] : shape.members;
}

const MATRIX = /^\\begin\{([pbvBV]?matrix|array)\}(?:\{[^{}]*\})?(.*)\\end\{\1\}$/s;
const BETWEEN = /^(.+?)(<|\\le(?![a-zA-Z])\s*)\\?[a-zA-Z]+(<|\\le(?![a-zA-Z])\s*)(.+)$/;
const BEYOND = /^\\?[a-zA-Z]+(<|>|\\[lg]e(?![a-zA-Z])\s*)([^<>]+)$/;
const DEEPEST = 8; // levels of members; deeper than that is compared as one formula

/** Takes a normal form apart at its brackets and commas. */
export function shapeOf(latex: string, depth = 0): Shape {
  const formula: Shape = { kind: "formula", latex };
  if (depth > DEEPEST) return formula;
  const parts = (texts: readonly string[]) => texts.map((text) => shapeOf(text.trim(), depth + 1));

  const union = split(latex, /^\\cup(?![a-zA-Z])/);
  if (union.length > 1) return { kind: "union", members: parts(union) };

  const matrix = MATRIX.exec(latex)?.[2];
  if (matrix !== undefined) {
    const rows = split(matrix.replace(/\\\\\s*$/, ""), /^\\\\/).map((row) => parts(split(row, /^&/)));
    const isVector = rows.length === 1 || rows.every(({ length }) => length === 1);
    return {
      kind: "ordered",
      brackets: "()", // a vector is also written as a tuple
      members: isVector ? rows.flat() : rows.map((members) => ({ kind: "ordered", brackets: "[]", members })),
    };
  }

  const list = split(latex, /^(?:,|(?:or|and)(?![a-zA-Z]))/).map((text) => text.trim());
  if (list.length > 1)
    return { kind: "unordered", members: list.filter((text) => text !== "").flatMap(both(depth)) };

  if (latex.startsWith("\\{") && latex.endsWith("\\}") && closes(latex, 2, latex.length - 2))
    return { kind: "unordered", members: split(latex.slice(2, -2), /^,/).flatMap(both(depth)) };
  if (/^[([].*[)\]]$/s.test(latex) && closes(latex, 1, latex.length - 1)) {
    const members = split(latex.slice(1, -1), /^,/);
    if (members.length > 1)
      return { kind: "ordered", brackets: `${latex[0]}${latex.at(-1)}`, members: parts(members) };
    if (latex.startsWith("(") && latex.endsWith(")")) return shapeOf(latex.slice(1, -1).trim(), depth + 1);
  }

  const signs = both(depth)(latex);
  if (signs.length > 1) return { kind: "unordered", members: signs };

  const between = BETWEEN.exec(latex);
  if (between !== null) {
    const [, low = "", opens, shuts, high = ""] = between;
    return {
      kind: "ordered",
      brackets: `${opens === "<" ? "(" : "["}${shuts === "<" ? ")" : "]"}`,
      members: parts([low, high]),
    };
  }
  const beyond = BEYOND.exec(latex);
  if (beyond !== null) {
    const [, sign = "", end = ""] = beyond;
    const isUpper = sign.startsWith("<") || sign.startsWith("\\l");
    const brackets = isUpper ? (sign === "<" ? "()" : "(]") : sign === ">" ? "()" : "[)";
    return { kind: "ordered", brackets, members: parts(isUpper ? ["-\\infty", end] : [end, "\\infty"]) };
  }
  return formula;
}

/** `a \pm b` as the two that it stands for. */
function both(depth: number): (latex: string) => Shape[] {
  return (latex) => {
    const at = /\\pm(?![a-zA-Z])\s*/;
    const texts = at.test(latex) ? [latex.replace(at, "+"), latex.replace(at, "-")] : [latex];
    return texts.map((text) => shapeOf(text.trim().replace(/^\+/, ""), depth + 1));
  };
}

/** At this sign, outside of all brackets. */
function split(latex: string, sign: RegExp): string[] {
  const parts: string[] = [];
  let [depth, from] = [0, 0];
  for (let i = 0; i < latex.length; ) {
    const rest = latex.slice(i);
    const found =
      depth === 0 &&
      (i === 0 || !/[a-zA-Z\\]/.test(latex[i - 1] ?? "") || !/^[a-z]/.test(rest)) &&
      sign.exec(rest);
    if (found) {
      parts.push(latex.slice(from, i));
      i += found[0].length;
      from = i;
      continue;
    }
    depth += step(rest);
    i += rest.startsWith("\\") ? 2 : 1;
  }
  return [...parts, latex.slice(from)];
}

/** Whether what opens before `from` closes at `to` and not earlier. */
function closes(latex: string, from: number, to: number): boolean {
  let depth = 0;
  for (let i = from; i < to; ) {
    depth += step(latex.slice(i, i + 8));
    if (depth < 0) return false;
    i += latex[i] === "\\" ? 2 : 1;
  }
  return depth === 0;
}

/** By how much the next sign changes the depth of brackets. `(0,1]` closes as `(0,1)` does. */
function step(rest: string): -1 | 0 | 1 {
  if (/^(?:[([{]|\\\{|\\begin)/.test(rest)) return 1;
  return /^(?:[)\]}]|\\\}|\\end)/.test(rest) ? -1 : 0;
}
