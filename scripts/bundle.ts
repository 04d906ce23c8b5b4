import { isBuiltin } from "node:module";
import { build, type Metafile, type Plugin } from "esbuild";

/** Bundles entry points into a directory, each under its own name, as the program is bundled. */
export async function bundle(entries: string | string[], outdir: string): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [entries].flat(),
    entryNames: "[name]",
    outdir,
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
  return metafile;
}

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
