import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { TOOLS } from "../src/serve/tools.ts";

const root = join(import.meta.dirname, "..");
const files = globSync("src/**/*.{ts,js}", { cwd: root });
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));

/** What each layer may import, besides itself and packages. docs/architecture.md draws it. */
const MAY_IMPORT: Record<string, string[]> = {
  errors: [],
  version: [],
  model: ["errors"],
  config: ["errors"],
  ports: ["errors", "model"],
  rules: ["errors", "model", "ports"],
  prompts: ["errors", "model", "ports"],
  adapters: ["errors", "model", "ports"],
  lifecycle: ["errors", "model", "ports", "rules", "prompts"],
  tools: ["errors", "model", "ports", "rules", "prompts", "lifecycle"],
  serve: ["errors", "model", "ports", "rules", "prompts", "lifecycle", "tools", "app", "version"],
};

/** The stages in the order of the data; a stage may import an earlier one. */
const STAGES = [
  "handbooks",
  "limit-ledger",
  "limit",
  "bound",
  "admit",
  "find",
  "record",
  "in-order",
  "spend",
  "check",
  "solve",
  "reflect",
  "curate",
  "learn",
  "load",
  "draw",
  "retrieve",
  "settle",
  "measure",
  "edit",
  "promote",
  "improve",
  "recur",
  "compose",
  "collect",
  "evaluate",
];

function imports(source: string): string[] {
  return [...source.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, path = ""]) => path);
}

function layerOf(file: string): string {
  const [, first = "", ...rest] = file.split("/");
  return rest.length === 0 ? first.replace(/\.(?:ts|js)$/, "") : first;
}

const edges = [...sources].flatMap(([file, source]) =>
  imports(source)
    .map((path) => normalize(join(dirname(file), path)))
    .filter((target) => target.startsWith("src/"))
    .map((target) => ({ file, target })),
);

test("imports go one way through the layers", () => {
  const wrong = edges.filter(({ file, target }) => {
    const [from, to] = [layerOf(file), layerOf(target)];
    const allowed = MAY_IMPORT[from]; // app, cli and the entry may import anything
    return from !== to && allowed !== undefined && !allowed.includes(to);
  });
  expect(wrong).toEqual([]);
});

test("a stage imports earlier stages only", () => {
  const stage = (file: string) => STAGES.indexOf(file.replace(/^src\/lifecycle\/|\.ts$/g, ""));
  const inside = edges.filter(
    ({ file, target }) => layerOf(file) === "lifecycle" && layerOf(target) === "lifecycle",
  );
  expect(inside.length).toBeGreaterThan(0);
  for (const { file, target } of inside) {
    expect(stage(target), `${file} imports ${target}`).toBeGreaterThanOrEqual(0);
    expect(stage(target), `${file} imports ${target}`).toBeLessThan(stage(file));
  }
});

test("rules and prompts are pure: no waiting, no clock, no chance, no files, no network", () => {
  for (const [file, source] of sources) {
    if (!["rules", "prompts"].includes(layerOf(file))) continue;
    expect(source, file).not.toMatch(
      /\basync (?:function|\w+\()|\bawait [\w.]+\(|Promise<|Math\.random|Date\.now|new Date\(\)|node:(?!crypto)/,
    );
  }
});

test("vendors are named in adapters and in the composition only", () => {
  const vendors = /from "(?:kysely|openai|gpt-tokenizer|@secretlint|node:sqlite)/;
  const strangers = [...sources].filter(
    ([file, source]) => layerOf(file) !== "adapters" && vendors.test(source),
  );
  expect(strangers.map(([file]) => file)).toEqual([]);
});

test("the command line loads no command but the one that is given", () => {
  expect(sources.get("src/cli/main.ts")).not.toMatch(/ from "\.\//);
});

test("nothing is disposed of in the body of a loop: bundled, an error of one round would come again in all later ones", () => {
  const indentOf = (line: string) => line.search(/\S/);
  for (const [file, source] of sources) {
    const lines = source.split("\n");
    for (const [at, line] of lines.entries()) {
      if (!/^\s*(?:await )?using /.test(line)) continue;
      let indent = indentOf(line);
      for (const outer of lines.slice(0, at).reverse()) {
        if (outer.trim() === "" || indentOf(outer) >= indent) continue;
        indent = indentOf(outer);
        if (/\bfunction\b|=> \{$/.test(outer)) break;
        expect(outer, `${file}:${at + 1}`).not.toMatch(/^\s*(?:\} )?(?:for|while|do)\b/);
      }
    }
  }
});

test("only config and the entry read the environment", () => {
  const readers = [...sources].filter(([, source]) => /process\.env\b/.test(source)).map(([file]) => file);
  expect(readers).toEqual(["src/config.ts"]);
});

describe("files", () => {
  test("are one thing each: at most 300 lines, migrations apart", () => {
    const long = [...sources].filter(
      ([file, s]) => s.split("\n").length > 300 && !file.endsWith("sql-migrations.ts"),
    );
    expect(long.map(([file]) => file)).toEqual([]);
  });

  test("of tools bear the tool's name", () => {
    const named = TOOLS.map(({ name }) => `src/tools/${name.replaceAll("_", "-")}.ts`);
    for (const file of named) expect(files).toContain(file);
  });
});
