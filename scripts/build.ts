// Bundles the program into dist/: one entry, chunks that are loaded when first used, no runtime dependency.
// `--if-needed` does nothing when dist/ was built from these sources; `--clean` forgets earlier builds.
import { createHash } from "node:crypto";
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";

process.chdir(join(import.meta.dirname, ".."));
const STAMP = "dist/.sources";

const sources = [
  ...globSync("src/**/*.{ts,js}"),
  "package.json",
  "package-lock.json",
  "scripts/build.ts",
].sort();
const digest = createHash("sha256");
for (const file of sources) digest.update(file).update(readFileSync(file));
const stamp = digest.digest("hex");
if (process.argv.includes("--if-needed") && existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp)
  process.exit(0);

// Chunks of earlier builds stay otherwise: a server that runs from this checkout may still have to load one.
if (process.argv.includes("--clean")) rmSync("dist", { recursive: true, force: true });
mkdirSync("dist", { recursive: true });

/**
 * Takes Node's own modules from `process.getBuiltinModule`. An `import` of one reads each of its exports, and so loads
 * what stands behind the lazy ones: `node:util` then brings worker threads and takes 5 ms instead of 0.5.
 */
const builtins: Plugin = {
  name: "builtins",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[a-z_:/]+$/ }, ({ path, kind }) =>
      kind === "import-statement" && isBuiltin(path) ? { path, namespace: "builtin" } : undefined,
    );
    onLoad({ filter: /.*/, namespace: "builtin" }, async ({ path }) => {
      const names = Object.keys(await import(path)).filter((name) => name !== "default");
      const lines = [
        `const __module = /* @__PURE__ */ process.getBuiltinModule("${path}");`,
        "const __get = (name) => __module[name];",
        "export default __module;",
        ...names.map((name) => `export const ${name} = /* @__PURE__ */ __get("${name}");`),
      ];
      return { contents: lines.join("\n") };
    });
  },
};

const { metafile } = await build({
  entryPoints: ["src/behavior-handbook.js"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  minify: true,
  keepNames: false,
  platform: "node",
  format: "esm",
  target: "node22",
  legalComments: "none",
  // Its UMD build asks for its own files in a way that no bundler can follow.
  alias: { "jsonc-parser": "jsonc-parser/lib/esm/main.js" },
  metafile: true,
  plugins: [builtins],
  chunkNames: "chunk-[hash]",
  // Some dependencies are CommonJS and ask for `require`.
  banner: { js: 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);' },
});
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
