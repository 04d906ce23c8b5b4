import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HandbookFile, readHandbook } from "../../../src/adapters/readers/handbook-json-reader.ts";

const good = { name: "behavior_check_units", instruction: "Check the units." };
const file = (behaviors: unknown[], more: object = {}) => ({
  format: "behavior-handbook/1",
  handbook: "physics",
  behaviors,
  ...more,
});

test("a faulty behavior is refused by its place, and the others are read", () => {
  const { file: read, refused } = readHandbook(
    file([
      good,
      { name: "Bad Name", instruction: "x" },
      { ...good, name: "behavior_b", instruction: " " },
      7,
    ]),
  );
  expect(read.behaviors).toEqual([{ ...good, when: "", keywords: [] }]);
  expect(refused.map(({ place }) => place)).toEqual(["behavior 2", "behavior 3", "behavior 4"]);
  expect(refused[0]?.reason).toContain("name: is no behavior name");
});

test("a name that stands twice counts once, else every import would revise it back and forth", () => {
  const { file: read, refused } = readHandbook(file([good, { ...good, instruction: "Other." }]));
  expect(read.behaviors).toHaveLength(1);
  expect(refused).toEqual([
    { place: "behavior 2", reason: "behavior_check_units stands in the file twice; the first one counts" },
  ]);
});

test("an unknown field is refused by name, without what could steer a terminal", () => {
  const { refused } = readHandbook(file([{ ...good, "ru\u001b[2Jle": 1 }]));
  expect(refused[0]?.reason).toBe('Unrecognized key: "rule"');
});

test("texts are cleaned", () => {
  const { file: read } = readHandbook(
    file([{ ...good, instruction: "Check\u0000 it.", keywords: ["\u001b[1munit"] }]),
  );
  expect(read.behaviors[0]).toMatchObject({ instruction: "Check it.", keywords: ["unit"] });
});

describe("what stands around the behaviors", () => {
  test.each([
    ["another version", file([], { format: "behavior-handbook/2" }), "format"],
    ["a handbook name that is none", file([], { handbook: "No Slug" }), "handbook"],
    ["no behaviors", { format: "behavior-handbook/1", handbook: "physics" }, "behaviors"],
  ])("%s is BAD_FILE", (_, value, field) => {
    expect(() => readHandbook(value)).toThrow(`the handbook file is not valid (${field}: `);
  });

  test("the name may be overridden, also a bad one", () => {
    expect(readHandbook(file([good], { handbook: "No Slug" }), "physics").file.handbook).toBe("physics");
  });
});

test.each(globSync("handbooks/*.json", { cwd: join(import.meta.dirname, "../../..") }))(
  "%s is read as the starters are",
  (path) => {
    const value = JSON.parse(readFileSync(join(import.meta.dirname, "../../..", path), "utf8"));
    expect(readHandbook(value)).toEqual({ file: HandbookFile.parse(value), refused: [] });
  },
);
