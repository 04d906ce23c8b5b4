import { describe, expect, test } from "vitest";
import { citedNames } from "../../src/rules/citations.ts";

const served = ["behavior_check_units", "behavior_check_units_twice", "behavior_bisect"];

describe("a served behavior is cited", () => {
  test.each([
    ["by its name", "I applied behavior_check_units here.", ["behavior_check_units"]],
    ["without the prefix", "As check_units says, meters.", ["behavior_check_units"]],
    ["in brackets", "see [[behavior_bisect]]", ["behavior_bisect"]],
    ["in brackets without the prefix", "see [[bisect]]", ["behavior_bisect"]],
    ["in backticks", "used `bisect`.", ["behavior_bisect"]],
    ["with a Markdown underscore", "*check\\_units* says so", ["behavior_check_units"]],
    ["at the end of a sentence", "I used check_units.", ["behavior_check_units"]],
    ["by its whole name, even in a path", "notes/behavior_check_units.md", ["behavior_check_units"]],
    ["at the very end", "then behavior_bisect", ["behavior_bisect"]],
    ["next to CJK punctuation", "使用「behavior_bisect」解决", ["behavior_bisect"]],
  ])("%s", (_, text, expected) => {
    expect(citedNames(text, served)).toEqual(expected);
  });
});

describe("it is not cited", () => {
  test.each([
    ["by an ordinary word that happens to be its short name", "I will bisect the range."],
    ["by a longer name that begins with its own", "check_units_twice_over and behavior_check_unitsX"],
    ["in another spelling", "Behavior_Check_Units, check units, check-units"],
    ["inside a word", "precheck_units"],
    ["by a file of its short name", "src/check_units and check_units.py"],
    ["by a function of its short name", "def check_units(x): return lib.check_units"],
  ])("%s", (_, text) => {
    expect(citedNames(text, served)).toEqual([]);
  });
});

test("a name that begins another name is not cited by it", () => {
  expect(citedNames("behavior_check_units_twice", served)).toEqual(["behavior_check_units_twice"]);
});

test("each behavior counts once, in the order served, however often it is named or served", () => {
  const text = "bisect: `bisect` then check_units, check_units";
  expect(citedNames(text, [...served, ...served])).toEqual(["behavior_check_units", "behavior_bisect"]);
});
