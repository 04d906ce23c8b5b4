import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { editJson, isSameJson, readJson } from "../../src/cli/json-edit.ts";

const put = (text: string, path: (string | number)[], value: unknown) =>
  editJson(text, [{ path, value }], "x.json");
const take = (text: string, path: (string | number)[]) => put(text, path, undefined);

describe("what is put in is laid out as what stands around it", () => {
  test.for([
    ["", ["a", "b"], '{\n  "a": {\n    "b": 1\n  }\n}\n', "nothing"],
    ["{}", ["a"], '{"a": 1}', "an object on one line"],
    ['{"b": 2}', ["a"], '{"b": 2, "a": 1}', "members on one line"],
    ["{\n}\n", ["a"], '{\n  "a": 1\n}\n', "an empty object over two lines"],
    ['{\n\t"b": {}\n}', ["b", "a"], '{\n\t"b": {\n\t\t"a": 1\n\t}\n}', "tabs"],
    ['{\r\n    "b": 2\r\n}', ["a"], '{\r\n    "b": 2,\r\n    "a": 1\r\n}', "four spaces, Windows line ends"],
    ['{\n  "b": [2]\n}', ["b", 1], '{\n  "b": [2, 1]\n}', "a list on one line"],
    ['{\n  "b": [\n    2\n  ]\n}', ["b", 1], '{\n  "b": [\n    2,\n    1\n  ]\n}', "a list over lines"],
    ['{"a": 3}', ["a"], '{"a": 1}', "a value in the place of another"],
    ['{\n  "b": 2, // keep\n}', ["a"], '{\n  "b": 2, // keep\n  "a": 1\n}', "a trailing comma and a comment"],
    ['{\n  "b": 2 // keep\n}', ["a"], '{\n  "b": 2, // keep\n  "a": 1\n}', "a comment"],
  ] as const)("%j, %j becomes %j: %s", ([text, path, after]) => {
    expect(put(text, [...path], 1)).toBe(after);
  });
});

describe("what is taken out leaves no trace", () => {
  test.for([
    ['{"a": 1}', ["a"], "{}"],
    ['{"a": 1, "b": 2}', ["a"], '{ "b": 2}'],
    ['{"b": 2, "a": 1}', ["a"], '{"b": 2}'],
    ['{"b": 2, "a": 1, "c": 3}', ["a"], '{"b": 2, "c": 3}'],
    ['{\n  "b": 2,\n  "a": 1\n}\n', ["a"], '{\n  "b": 2\n}\n'],
    ['{\n  "a": 1\n}\n', ["a"], "{}\n"],
    ['{"l":[{"x":1},{"x":2}]}', ["l", 1], '{"l":[{"x":1}]}'],
    ['{"l":[{"x":1},{"x":2}]}', ["l", 0], '{"l":[{"x":2}]}'],
    ['{\n  "b": 2, // keep\n  "a": 1\n}', ["a"], '{\n  "b": 2 // keep\n}'],
    ['{\n  "b": 2, // keep\n  "a": 1,\n}', ["a"], '{\n  "b": 2, // keep\n}'],
    ['{\n  // keep\n  "a": 1\n}', ["a"], "{\n  // keep\n}"],
    ['{"b": 2}', ["a"], '{"b": 2}'],
  ] as const)("%j without %j is %j", ([text, path, after]) => {
    expect(take(text, [...path])).toBe(after);
  });
});

test("whatever the file holds and however it is laid out, only the change changes", () => {
  const layout = fc.constantFrom(undefined, 1, 2, 4, "\t");
  // -0 is written 0, and a key "__proto__" makes the file refused.
  const written = fc
    .jsonValue()
    .map((value): unknown => JSON.parse(JSON.stringify(value)))
    .filter((value) => !JSON.stringify(value).includes("__proto__"));
  const object = fc.dictionary(
    fc.string().filter((key) => key !== "__proto__"),
    written,
    { maxKeys: 4 },
  );
  const path = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(object, path, layout, written, (value, at, space, added) => {
      fc.pre(!at.some((key) => key in value)); // not through a value that is no object
      const text = JSON.stringify(value, null, space);
      const edited = put(text, at, added);
      const nested = at.reduceRight<unknown>((inner, key) => ({ [key]: inner }), added);
      expect(JSON.parse(edited)).toEqual({ ...JSON.parse(text), ...(nested as object) });
      expect(JSON.parse(take(edited, at.slice(0, 1)))).toEqual(JSON.parse(text));
      expect(isSameJson(take(edited, at.slice(0, 1)), text)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("a file with a key twice is not edited there", () => {
  expect(() => put('{"a": {}, "a": {}}', ["a", "b"], 1)).toThrow(/x\.json/);
});

test("texts are the same when only white space between their parts differs", () => {
  expect(isSameJson('{"a": "x y"}', '{\n"a":"x y" }')).toBe(true);
  expect(isSameJson('{"a": "x y"}', '{"a": "xy"}')).toBe(false);
  expect(isSameJson('{"a": 1, "b": 2}', '{"b": 2, "a": 1}')).toBe(false);
});

test("comments are read where the client reads them", () => {
  expect(readJson('{"a": 1,} // x', "x.json", true)).toEqual({ a: 1 });
  expect(() => readJson('{"a": 1,}', "x.json", false)).toThrow(/line 1/);
});
