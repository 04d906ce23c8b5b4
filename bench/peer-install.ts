import { execFile } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Peer } from "./peer-servers.ts";
import { environment } from "./servers.ts";

export interface InstalledPeer {
  version: string;
  entry: string;
  /** The binary that it runs with. */
  node: string;
}

const LONGEST_MS = 600_000;

/** Installs the newest version from npm into an empty folder. Throws: with npm's own last lines. */
export async function installPeer(peer: Peer, folder: string): Promise<InstalledPeer> {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{"private":true}');
  const modules = join(folder, "node_modules");
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"];
  const packages = [peer.name, ...(peer.node === undefined ? [] : [`node@${peer.node}`])];
  await npm(["install", ...packages, ...quiet], folder, process.execPath);
  let node = process.execPath;
  if (peer.node !== undefined) {
    await npm(["rebuild", "node"], folder, node); // fetches the binary
    node = join(modules, "node/bin/node");
  }
  if (peer.addons !== undefined) await npm(["rebuild", ...peer.addons], folder, node);
  const { version } = JSON.parse(readFileSync(join(modules, peer.name, "package.json"), "utf8"));
  return { version, entry: join(modules, peer.entry), node };
}

/** Runs npm itself by that Node, so that addons are made for it. */
async function npm(args: readonly string[], cwd: string, node: string): Promise<void> {
  const env = environment({
    ...reachingTheRegistry(),
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
  });
  // An addon that cannot be downloaded is compiled, against the headers of the Node that will load it.
  const headers = headersOf(node);
  if (headers !== undefined) env.npm_config_nodedir = headers;
  try {
    await promisify(execFile)("npm", args, {
      cwd,
      env,
      shell: process.platform === "win32",
      timeout: LONGEST_MS,
    });
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    const said = stderr.split("\n").filter((line) => /^npm error (?!A complete log)/.test(line));
    throw new Error(`npm ${args.slice(0, 2).join(" ")}: ${said.slice(0, 3).join("; ") || String(error)}`);
  }
}

/** What a person has set so that npm gets to its registry at all. */
function reachingTheRegistry(): Record<string, string> {
  const needed = /^(NODE_EXTRA_CA_CERTS|NODE_USE_.*|npm_config_(registry|ca|cafile|.*proxy))$/i;
  const set = Object.entries(process.env).filter(([name]) => needed.test(name));
  return Object.fromEntries(set.map(([name, value]) => [name, value ?? ""]));
}

/** Where the C++ headers of a Node are, if they came with it: in its own tree or in npm's package of it. */
function headersOf(node: string): string | undefined {
  const root = dirname(dirname(node));
  const roots = [root, ...globSync("node_modules/node-*", { cwd: root }).map((folder) => join(root, folder))];
  return roots.find((folder) => existsSync(join(folder, "include/node/node.h")));
}
