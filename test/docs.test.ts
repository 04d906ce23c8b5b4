import { globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { Variables } from "../src/config/variables.ts";
import { TOOLS } from "../src/serve/tools.ts";

const root = join(import.meta.dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");

test("the README's table of variables is what the program reads", () => {
  const rows = Object.entries(Variables.shape).map(
    ([name, { description }]) => `| \`${name}\` | ${description} |`,
  );
  const table = ["| variable | meaning |", "|---|---|", ...rows].join("\n");
  const readme = read("README.md");
  const [, before = "", , after = ""] =
    /^([\s\S]*<!-- variables -->\n)([\s\S]*?)(<!-- \/variables -->[\s\S]*)$/.exec(readme) ?? [];
  const wanted = `${before}${table}\n${after}`;
  if (readme !== wanted && process.env.UPDATE_DOCS) writeFileSync(join(root, "README.md"), wanted);
  else expect(readme, "run `UPDATE_DOCS=1 npx vitest run test/docs.test.ts`").toBe(wanted);
});

test("the README names every tool", () => {
  for (const { name } of TOOLS) expect(read("README.md")).toContain(`\`${name}\``);
});

test("every relative link in the documents leads somewhere", () => {
  for (const file of ["README.md", ...globSync("docs/**/*.md", { cwd: root })]) {
    for (const [, target = ""] of read(file).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      expect(globSync(join(dirname(file), target), { cwd: root }), `${file}: ${target}`).not.toEqual([]);
    }
  }
});

test("the starter handbooks keep their promises", () => {
  const names = new Set<string>();
  for (const file of globSync("handbooks/*.json", { cwd: root })) {
    for (const { name, instruction, when, keywords } of JSON.parse(read(file)).behaviors) {
      expect(names.has(name), name).toBe(false);
      names.add(name);
      expect(instruction.length, name).toBeLessThanOrEqual(600);
      expect(when, name).not.toBe("");
      expect(keywords.length, name).toBeGreaterThan(2);
    }
  }
  expect(names.size).toBe(231);
});
