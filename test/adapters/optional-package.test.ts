import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { importOptional, installCommand, isInstalled } from "../../src/adapters/optional-package.ts";
import { tempDirectory } from "../ports.ts";

function install(home: string, name: string, source: string): void {
  const folder = join(home, "node_modules", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, main: "main.cjs" }));
  writeFileSync(join(folder, "main.cjs"), source);
}

test("a package beside the program comes first", async () => {
  using home = tempDirectory();
  install(home.path, "zod", "exports.string = 'of the home'");
  expect(isInstalled("zod", home.path)).toBe(true);
  expect(await importOptional("zod", home.path)).toMatchObject({ string: expect.any(Function) });
});

test("a package in the data directory is found", async () => {
  using home = tempDirectory();
  install(home.path, "only-at-home", "exports.answer = 42");
  expect(isInstalled("only-at-home", home.path)).toBe(true);
  expect(await importOptional("only-at-home", home.path)).toMatchObject({ answer: 42 });
});

test("a package that is nowhere is undefined, not an error", async () => {
  using home = tempDirectory();
  expect(isInstalled("only-elsewhere", home.path)).toBe(false);
  expect(await importOptional("only-elsewhere", home.path)).toBeUndefined();
});

test("a package that cannot be loaded says why", async () => {
  using home = tempDirectory();
  install(home.path, "broken-at-home", "throw new Error('no such library')");
  await expect(importOptional("broken-at-home", home.path)).rejects.toThrow("no such library");
});

test("the command quotes a directory with blanks", () => {
  expect(installCommand("/a b", "x@4")).toBe('npm install --ignore-scripts --prefix "/a b" x@4');
});
