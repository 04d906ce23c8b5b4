import { afterAll, expect, test } from "vitest";
import { computeEngineMathematics } from "../../src/adapters/compute-engine-mathematics.ts";

const mathematics = computeEngineMathematics({ limitMs: 1500 });
afterAll(() => mathematics.close());

test("formulas with one value, and formulas with one graph, are equal", async () => {
  for (const [a, b] of [
    ["\\frac{\\sqrt{3}}{3}", "\\frac{1}{\\sqrt{3}}"],
    ["11\\sqrt{5}+11", "11(1+\\sqrt{5})"],
    ["(x+1)^2", "x^2+2x+1"],
    ["\\cot x", "\\frac{\\cos x}{\\sin x}"],
    ["6+9i", "9i+6"],
    ["1.5\\times10^3", "1500"],
    ["e^2", "\\exp(2)"],
    ["\\sqrt[3]{2}", "2^{1/3}"],
    ["5x-7y+11z+4=0", "-5x+7y-11z-4=0"],
    ["y=-2x", "2x+y=0"],
  ] as const)
    expect(await mathematics.areEqual(a, b), `${a} and ${b}`).toBe(true);
});

test("formulas with different values are not", async () => {
  for (const [a, b] of [
    ["x+1", "x-1"],
    ["\\sqrt{2}", "1.414"],
    ["\\pi", "3.14159265"],
    ["10^{100}", "10^{100}+1"],
    ["x", "y"],
    ["5x+1=0", "5x-1=0"],
    ["2^{10}", "1025"],
  ] as const)
    expect(await mathematics.areEqual(a, b), `${a} and ${b}`).toBe(false);
});

test("what is no formula, or takes too long, is not told, and the next one is", async () => {
  const hostile = [
    "9^{9^{9^9}}",
    "\\prod_{k=1}^{100000000}k",
    "{".repeat(300),
    "\\frac{".repeat(60),
    "\\begin{pmatrix}",
    "\\frac{1}{0}",
    "\u0000",
    "x".repeat(10_000),
  ];
  const told = await Promise.all(hostile.map((formula) => mathematics.areEqual("7", formula)));
  expect(told).toEqual(hostile.map(() => undefined));
  expect(await mathematics.areEqual("\\sqrt{9}", "3")).toBe(true);
});

test("an algebra that does not start has not told that formulas differ", async () => {
  const late = computeEngineMathematics({ loadingMs: 1 });
  await expect(late.areEqual("\\sqrt{4}", "2")).rejects.toMatchObject({ code: "CHECK_FAILED" });
  await late.close();
});
