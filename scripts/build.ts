// Bundles the program into dist/: one entry, chunks that are loaded when first used, no runtime dependency.
// `--if-needed` does nothing when dist/ was built from these sources; `--clean` forgets earlier builds.
import { createHash } from "node:crypto";
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { bundle } from "./bundle.ts";

process.chdir(join(import.meta.dirname, ".."));
const STAMP = "dist/.sources";

const sources = [
  ...globSync("src/**/*.{ts,js}"),
  "package.json",
  "package-lock.json",
  "scripts/build.ts",
  "scripts/bundle.ts",
].sort();
const digest = createHash("sha256");
for (const file of sources) digest.update(file).update(readFileSync(file));
const stamp = digest.digest("hex");
if (process.argv.includes("--if-needed") && existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp)
  process.exit(0);

// Chunks of earlier builds stay otherwise: a server that runs from this checkout may still have to load one.
if (process.argv.includes("--clean")) rmSync("dist", { recursive: true, force: true });
mkdirSync("dist", { recursive: true });

const threads = ["local-embedder-worker", "compute-engine-worker"]; // a thread starts from a file
const entries = ["src/behavior-handbook.js", ...threads.map((thread) => `src/adapters/${thread}.ts`)];
const metafile = await bundle(entries, "dist");
chmodSync("dist/behavior-handbook.js", 0o755);
writeFileSync("dist/THIRD_PARTY_LICENSES.txt", licenses(Object.keys(metafile.inputs)));
writeFileSync(STAMP, stamp);

/** The licenses of everything that the bundle holds, as they ask for. */
function licenses(inputs: readonly string[]): string {
  const folders = new Set(
    inputs.flatMap((input) => /^(?:.*node_modules\/)(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []),
  );
  const require = createRequire(import.meta.url);
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = require(`../${folder}/package.json`);
    const [file] = globSync(`${folder}/{LICENSE,LICENCE,License,license}*`);
    const text = file === undefined ? `License: ${license}` : readFileSync(file, "utf8").trim();
    return `${name} ${version}\n${"-".repeat(60)}\n${text}\n`;
  });
  return `This program holds code of the packages below.\n\n${parts.join("\n\n")}`;
}
