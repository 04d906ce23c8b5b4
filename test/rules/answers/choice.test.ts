import { expect, test } from "vitest";
import { chosenLetter } from "../../../src/rules/answers/choice.ts";

const cities = ["Rome", "Paris", "a city in Spain"];

test.each([
  ["B", "B"],
  ["(b)", "B"],
  ["\\text{(B)}", "B"],
  ["**B.** Paris", "B"],
  ["B) Paris", "B"],
  ["option C", "C"],
  ["paris.", "B"],
  ["A city in Spain", "C"],
  ["it is (B), surely", "B"],
  ["B, since it lies on the Seine", "B"],
])("%s is option %s", (answer, letter) => expect(chosenLetter(answer, cities)).toBe(letter));

test("what names no option, or two, is no choice", () => {
  for (const answer of ["Berlin", "D", "(A) or (B)", ""])
    expect(chosenLetter(answer, cities)).toBeUndefined();
});

test("where the options are not known any letter is one", () => expect(chosenLetter("(E)")).toBe("E"));
