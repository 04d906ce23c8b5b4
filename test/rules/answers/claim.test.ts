import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { claimOf } from "../../../src/rules/answers/claim.ts";

describe("without computer algebra", () => {
  test.each([
    ["\\frac{14}{3}", "14/3"],
    ["\\dfrac 34", "0.75"],
    ["137 \\frac{1}{2}", "137 1/2"],
    ["137 \\frac{1}{2}", "137.5"],
    [".0000672", "0.0000672"],
    ["10,\\!080", "10080"],
    ["11,\\! 111,\\! 111,\\! 100", "11,111,111,100"],
    ["\\$32,\\!348", "32348 dollars"],
    ["5.4 \\text{ cents}", "5.4"],
    ["864 \\mbox{ inches}^2", "864 in^2"],
    ["10\\%", "10"],
    ["10\\%", "\\frac{1}{10}"],
    ["90^\\circ", "90 degrees"],
    ["\\text{Evelyn}", "evelyn."],
    ["(1,42)", "（１，４２）"],
    ["x^{10}+2", "x¹⁰+2"],
    ["\\text{(C)}", "C"],
    ["x=5", "5"],
    ["1,-2", "-2 and 1"],
    ["x=1\\text{ or }x=2", "2, 1"],
    ["(3,4]", "3 < \\lambda \\le 4"],
    ["(5,\\infty)", "x > 5"],
    ["x \\in [-2,7]", "[-2, 7]"],
    ["(0,9) \\cup (9,36)", "(9,36)∪(0,9)"],
    ["\\begin{pmatrix} 1/5 \\\\ -18/5 \\end{pmatrix}", "\\begin{bmatrix}0.2\\\\-3.6\\end{bmatrix}"],
    ["\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", "\\langle 1, 2\\rangle"],
    ["4210_{5}", "4210_5"],
    ["1 \\pm \\sqrt{19}", "1-\\sqrt{19}, 1+\\sqrt{19}"],
    ["\\{1\\pm\\sqrt{5},-2\\}", "{-2, 1+√5, 1-√5}"],
  ])("%s is %s", (gold, answer) => {
    expect(claimOf(gold, answer)).toBe(true);
    expect(claimOf(answer, gold)).toBe(true);
  });

  test.each([
    ["\\text{even}", "odd"],
    ["east", "seat"],
    ["(3,4]", "(3,4)"],
    ["(1,2)", "(2,1)"],
    ["1,2", "1,2,3"],
    ["\\{1,2\\}", "(1,2)"],
    ["\\frac{1}{3}", "0.333"],
    ["100", "99.99999999"],
    ["52_8", "52_9"],
    ["-5", "5"],
    ["5", ""],
    ["", ""],
    ["(100,200)", "100200"],
  ])("%s is not %s", (gold, answer) => {
    expect(claimOf(gold, answer)).toBe(false);
    expect(claimOf(answer, gold)).toBe(false);
  });
});

test("a formula is left to computer algebra, a member at a time", () => {
  expect(claimOf("(x+1, \\sqrt{8})", "(1+x, 2\\sqrt{2})")).toEqual({
    all: [{ same: ["x+1", "1+x"] }, { same: ["\\sqrt{8}", "2\\sqrt{2}"] }],
  });
});

test("whatever stands there, it is judged, and an answer is itself", () => {
  const latex = fc.array(
    fc.constantFrom(
      ..."(){}[],\\+-=<>_^$%.&0123456789xyz",
      "\\frac",
      "\\pm",
      "\\text",
      "\\cup",
      "\\\\",
      " or ",
    ),
    {
      maxLength: 40,
    },
  );
  fc.assert(
    fc.property(latex, latex, (one, other) => {
      const [a, b] = [one.join(""), other.join("")];
      claimOf(a, b);
      expect(claimOf(a, a)).toBe(a.trim() !== "");
    }),
    { numRuns: 500 },
  );
  expect(claimOf("(".repeat(1900), ")".repeat(1900))).not.toBe(true);
  expect(claimOf("7", "1,".repeat(3000))).toBe(false);
});
