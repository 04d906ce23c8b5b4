import { parentPort } from "node:worker_threads";
import { ComputeEngine, isFunction } from "@cortex-js/compute-engine";

/** What the thread is asked: two formulas in LaTeX. Its answer: whether they are equal, undefined where it cannot tell. */
export type Question = readonly [string, string];

const TOLERANCE = 1e-10; // relative; the engine reckons with 21 digits
// Values without a pattern: what is equal at all of them is taken to be equal everywhere (Schwartz 1980, Zippel 1979).
const POINTS = [0.7390851332, 1.3247179572, 2.6854520011, 0.3275822918, 1.9021605831, 3.3598856662];
const ENOUGH = 3; // points at which both have a value

const engine = new ComputeEngine();
type Formula = NonNullable<ReturnType<typeof engine.parse>>;

parentPort?.on("message", ([a, b]: Question) => {
  let answer: boolean | undefined;
  try {
    const [x, y] = [engine.parse(a), engine.parse(b)];
    answer = x && y ? areEqual(x, y) : undefined;
  } catch {
    answer = undefined; // whatever it stumbles over, the question stays open
  }
  parentPort?.postMessage({ answer });
});
parentPort?.postMessage("ready");

function areEqual(a: Formula, b: Formula): boolean | undefined {
  if (!a.isValid || !b.isValid) return undefined;
  if (a.isSame(b)) return true;
  if (a.operator === "Equal" && b.operator === "Equal") return sameEquation(a, b);
  const names = [...new Set([...a.unknowns, ...b.unknowns])];
  if (a.isInteger && b.isInteger && a.isEqual(b) === false) return false; // of any size, where a comparison by size would not tell
  let points = 0;
  for (const [shift] of names.length === 0 ? [0].entries() : POINTS.entries()) {
    const [x, y] = [at(a, names, shift), at(b, names, shift)];
    if (x === undefined || y === undefined) continue;
    points++;
    if (!isNear(x, y)) return false;
  }
  return points >= (names.length === 0 ? 1 : ENOUGH) ? true : undefined;
}

/** Two equations are the same where the differences of their sides stand in one ratio at all points. */
function sameEquation(a: Formula, b: Formula): boolean | undefined {
  const names = [...new Set([...a.unknowns, ...b.unknowns])];
  const [difference, other] = [a, b].map((equation) => {
    const [left, right] = isFunction(equation) ? equation.ops : [];
    return left && right && left.sub(right);
  });
  if (!difference || !other) return undefined;
  const ratios: Value[] = [];
  for (const shift of POINTS.keys()) {
    const [x, y] = [at(difference, names, shift), at(other, names, shift)];
    if (x === undefined || y === undefined || Math.hypot(y.re, y.im) < TOLERANCE) continue;
    const size = y.re ** 2 + y.im ** 2;
    ratios.push({ re: (x.re * y.re + x.im * y.im) / size, im: (x.im * y.re - x.re * y.im) / size });
  }
  const [first] = ratios;
  if (first === undefined || ratios.length < ENOUGH) return undefined;
  return Math.hypot(first.re, first.im) > TOLERANCE && ratios.every((ratio) => isNear(ratio, first));
}

interface Value {
  re: number;
  im: number;
}

/** The value with each unknown at a point of its own; undefined where it is no finite number. */
function at(formula: Formula, names: readonly string[], shift: number): Value | undefined {
  const values = names.map((name, i) => [name, POINTS[(i + shift) % POINTS.length] ?? 1] as const);
  const value = (names.length === 0 ? formula : formula.subs(Object.fromEntries(values))).N();
  const { re, im } = value;
  return Number.isFinite(re) && Number.isFinite(im) ? { re, im } : undefined;
}

function isNear(a: Value, b: Value): boolean {
  const size = Math.max(Math.hypot(a.re, a.im), Math.hypot(b.re, b.im));
  return Math.hypot(a.re - b.re, a.im - b.im) <= TOLERANCE * Math.max(size, 1e-6);
}
