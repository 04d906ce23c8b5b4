import { execFile } from "node:child_process";
import { cpSync, globSync, mkdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Summary, summarize, timed } from "./measure.ts";
import { environment } from "./servers.ts";

const INSTALLS = 3;
const PACKED = [
  "src",
  "scripts",
  "handbooks",
  "package.json",
  "package-lock.json",
  "README.md",
  "LICENSE",
  "mcp.json",
  "CHANGELOG.md",
];
const MB = 1024 * 1024;

export interface Installed {
  entry: string;
  seconds: Summary;
  mb: number;
  tarballMb: number;
}

/**
 * Packs the package and installs the tarball into empty folders, without network and with an empty npm cache.
 *
 * It packs a copy of the checkout: packing cleans `dist`, from which servers may be running.
 */
export async function packAndInstall(directory: string): Promise<Installed> {
  const root = join(import.meta.dirname, "..");
  const copy = join(directory, "checkout");
  mkdirSync(copy);
  for (const path of globSync(PACKED, { cwd: root }))
    cpSync(join(root, path), join(copy, path), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "junction");
  await npm(["pack", "--pack-destination", directory], copy, directory);
  const [tarball] = globSync("*.tgz", { cwd: directory });
  if (tarball === undefined) throw new Error("npm pack wrote no tarball");

  const seconds: number[] = [];
  let folder = "";
  for (let i = 0; i < INSTALLS; i++) {
    folder = join(directory, `install-${i}`);
    mkdirSync(folder);
    const install = ["install", join(directory, tarball), "--offline", "--no-audit", "--no-fund"];
    seconds.push((await timed(() => npm(install, folder, join(directory, `cache-${i}`)))) / 1000);
  }
  return {
    entry: join(folder, "node_modules/behavior-handbook/dist/behavior-handbook.js"),
    seconds: summarize(seconds),
    mb: sizeMb(join(folder, "node_modules")),
    tarballMb: statSync(join(directory, tarball)).size / MB,
  };
}

async function npm(args: readonly string[], cwd: string, cache: string): Promise<void> {
  const env = environment({ npm_config_cache: cache });
  await promisify(execFile)("npm", args, { cwd, env, shell: process.platform === "win32" });
}

function sizeMb(folder: string): number {
  const files = globSync("**", { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0) / MB;
}
