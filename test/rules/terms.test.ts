import { expect, test } from "vitest";
import { pairs, terms } from "../../src/rules/terms.ts";

test("words are stemmed, split at case and punctuation, and stop words left out", () => {
  expect(terms("Parsing the user's JSON files in parseConfig_file")).toEqual(
    "pars user json file pars config file".split(" "),
  );
  expect(terms("a I x 7 of")).toEqual([]);
});

test("accents do not matter, however they are written", () => {
  expect(terms("Élève café")).toEqual(terms("eleve cafe\u0301"));
  expect(terms("Grüße")).toEqual(["grusse"].map(() => terms("Gruße")[0]));
});

test("letters of any alphabet make words", () => {
  expect(terms("Решите уравнение")).toEqual(["решите", "уравнение"]);
  expect(terms("λύση εξίσωσης")).toHaveLength(2);
});

test("writing without spaces becomes pairs of adjacent characters, a single one stays", () => {
  expect(terms("解二次方程")).toEqual(["解二", "二次", "次方", "方程"]);
  expect(terms("用 Python 排序")).toEqual(["用", "python", "排序"]);
  expect(terms("データベース")).toContain("タベ");
  expect(terms("방정식")).toEqual(["방정", "정식"]);
});

test("any text has terms or none, and never an empty one", () => {
  for (const text of ["", "\u{1f600}\ud800", "x²+1 ∑", "\0", "़"]) expect(terms(text)).not.toContain("");
});

test("pairs are adjacent terms", () => {
  expect(pairs(["a", "b", "c"])).toEqual(["a b", "b c"]);
  expect(pairs(["a"])).toEqual([]);
});
