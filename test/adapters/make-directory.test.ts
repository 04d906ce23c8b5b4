import { existsSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeDirectory } from "../../src/adapters/make-directory.ts";
import { tempDirectory } from "../ports.ts";

test("a directory is made with its parents, for its owner only, and stays when it is there", () => {
  using directory = tempDirectory();
  const path = join(directory.path, "a/b/c");
  makeDirectory(path);
  makeDirectory(path);
  if (process.platform !== "win32") expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
});

test("a file in the way is an error", () => {
  using directory = tempDirectory();
  const file = join(directory.path, "file");
  writeFileSync(file, "");
  expect(() => makeDirectory(file)).toThrow("EEXIST");
  expect(() => makeDirectory(join(file, "a/b"))).toThrow(/EEXIST|ENOTDIR/);
});

test.skipIf(process.platform === "win32")("a link to nowhere is an error", () => {
  using directory = tempDirectory();
  const link = join(directory.path, "link");
  symlinkSync(join(directory.path, "unmounted"), link);
  expect(() => makeDirectory(join(link, "a"))).toThrow("EEXIST");
});

test.skipIf(!existsSync("/proc/self"))(
  "a place that holds no directories is an error, not an endless loop",
  () => {
    expect(() => makeDirectory("/proc/behavior-handbook/a")).toThrow("ENOENT");
  },
);
