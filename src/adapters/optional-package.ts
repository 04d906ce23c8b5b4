import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * A package that is not part of the program: too large to bring along, so a person installs it who wants it. Looked
 * for beside the program, as after a global install, and then in `<home>/node_modules`, which every way of starting
 * the program has, `npx` too.
 *
 * Undefined when it is in neither place. What the package itself throws while it loads is thrown on.
 */
export async function importOptional<T = unknown>(name: string, home: string): Promise<T | undefined> {
  if (resolved(name, import.meta.url) !== undefined) return import(name);
  const file = resolved(name, inHome(home));
  if (file === undefined) return undefined;
  // A path resolved for `require` leads to CommonJS, whose exports are the default one.
  const loaded = await import(pathToFileURL(file).href);
  return loaded.default ?? loaded;
}

/** Whether `importOptional` would find it; nothing is loaded. */
export function isInstalled(name: string, home: string): boolean {
  return (resolved(name, import.meta.url) ?? resolved(name, inHome(home))) !== undefined;
}

/**
 * The command that puts packages, such as `name@4`, where `importOptional` finds them, in any shell. Without their
 * install scripts: these only download what is never used here, and fail where downloads are blocked.
 */
export function installCommand(home: string, ...packages: string[]): string {
  return `npm install --ignore-scripts --prefix "${home}" ${packages.join(" ")}`;
}

function inHome(home: string): string {
  return join(home, "node_modules", "any.js");
}

function resolved(name: string, from: string): string | undefined {
  try {
    return createRequire(from).resolve(name);
  } catch {
    return undefined;
  }
}
