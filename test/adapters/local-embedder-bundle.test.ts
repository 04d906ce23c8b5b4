import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundle } from "../../scripts/bundle.ts";
import { writeRandomModel } from "../../scripts/random-model.ts";
import { tempDirectory } from "../ports.ts";

const root = join(import.meta.dirname, "../..");

test("the bundle starts its thread, and takes the package from the data directory", async () => {
  using directory = tempDirectory();
  const home = join(directory.path, "my home");
  const adapters = ["local-embedder.ts", "local-embedder-worker.ts"].map((file) =>
    join(root, "src/adapters", file),
  );
  await bundle(adapters, join(directory.path, "dist"));
  writeRandomModel(join(home, "models", "tiny"));
  const program = join(directory.path, "program.mjs");
  writeFileSync(
    program,
    `import { localEmbedder } from "./dist/local-embedder.js";
    const home = ${JSON.stringify(home)};
    const embedder = localEmbedder({ model: "tiny", home, directory: home + "/models", offline: true });
    console.log(await embedder.embed(["text"], "query").then(([{ length }]) => length, ({ fix }) => fix));`,
  );
  const run = () =>
    execFileSync(process.execPath, [program], { encoding: "utf8", cwd: directory.path }).trim();
  expect(run()).toBe(`Run: npm install --ignore-scripts --prefix "${home}" @huggingface/transformers@4`);
  mkdirSync(join(home, "node_modules"));
  symlinkSync(join(root, "node_modules/@huggingface"), join(home, "node_modules/@huggingface"));
  expect(run()).toBe("32"); // and ends by itself, with the thread still there
});
