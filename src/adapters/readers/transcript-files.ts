import type { Stats } from "node:fs";
import { glob, readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { HandbookError } from "../../errors.ts";

export interface FoundFile {
  path: string;
  size: number;
  /** Why it is not read. */
  refused?: string;
}

/**
 * The files that paths stand for, each once: a file, a directory with all below it, or a glob. Sorted within each;
 * a directory that is linked into itself is walked once.
 *
 * Throws: BAD_FILE when no path stands for anything.
 */
export async function findFiles(paths: readonly string[]): Promise<FoundFile[]> {
  const seen = new Set<string>();
  const found: FoundFile[] = [];
  let matched = 0;
  for (const path of paths) {
    const matches = await matchesOf(path);
    matched += matches.length;
    if (matches.length === 0) found.push({ path, size: 0, refused: "there is no such file" });
    for (const match of matches) {
      for await (const file of filesIn(match, seen, true)) found.push(file);
    }
  }
  if (matched === 0) {
    throw new HandbookError("BAD_FILE", `there is no file at ${paths.join(", ")}`, {
      fix: "Give it files, directories or globs of transcripts; quote a glob, so that the shell leaves it alone",
    });
  }
  return found;
}

/** A path that exists is no glob, whatever is in its name. */
async function matchesOf(path: string): Promise<string[]> {
  if ((await statOf(path)) !== undefined) return [path];
  const matches: string[] = [];
  for await (const match of glob(path)) matches.push(match);
  return matches.sort();
}

async function* filesIn(path: string, seen: Set<string>, isNamed: boolean): AsyncGenerator<FoundFile> {
  const stats = await statOf(path);
  if (stats === undefined) return yield { path, size: 0, refused: "is a link to nothing" };
  // A pipe that is named is meant; one that lies about would be waited for without end.
  const isPipe = !stats.isFile() && !stats.isDirectory();
  if (isPipe && !isNamed) return yield { path, size: 0, refused: "is no regular file" };
  const real = isPipe ? path : await realpath(path);
  if (seen.has(real)) return;
  seen.add(real);
  if (!stats.isDirectory()) return yield { path, size: stats.size };
  try {
    for (const name of (await readdir(path)).sort()) yield* filesIn(join(path, name), seen, false);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause)) throw cause;
    yield { path, size: 0, refused: "reading the directory is not allowed" };
  }
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch {
    return undefined;
  }
}
