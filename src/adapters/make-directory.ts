import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a directory that only its owner may read, with the parents it needs; one that is there is left alone.
 *
 * Node's own `recursive: true` never returns where a parent is there and the system still answers ENOENT, as /proc
 * does: it goes back and forth between the two for ever (Node 24.21).
 *
 * Throws: what the file system says about the first one that cannot be made.
 */
export function makeDirectory(path: string): void {
  if (isDirectory(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!isDirectory(path)) throw error; // else another process was quicker
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
