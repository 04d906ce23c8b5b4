import { randomUUID } from "node:crypto";
import { createWriteStream, statSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { HandbookError } from "../errors.ts";

/**
 * Writes a file in parts, whole or not at all: what was there stays until the last part is written.
 *
 * Throws: BAD_FILE, and whatever `parts` throws.
 */
export async function writeWhole(
  path: string,
  parts: AsyncIterable<string> | Iterable<string>,
): Promise<void> {
  await beside(path, async (part) => {
    await pipeline(parts, createWriteStream(part, { flags: "wx" }));
    await rename(part, path);
  });
}

/**
 * Finds out before any work whether all these files can be written, and are none of those that are read; leaves nothing behind.
 *
 * Throws: BAD_FILE.
 */
export async function checkWritable(paths: readonly string[], read: readonly string[] = []): Promise<void> {
  const named = new Set(read.map((path) => resolve(path)));
  const twice = paths.find((path) => named.size === named.add(resolve(path)).size);
  if (twice !== undefined)
    throw new HandbookError("BAD_FILE", `${twice} is named twice`, { fix: "Name a file for each" });
  for (const path of paths)
    await beside(path, async (part) => {
      await writeFile(part, "", { flag: "wx" });
      await rm(part);
    });
}

/** Works on a file beside that one, which is gone afterwards. */
async function beside(path: string, work: (part: string) => Promise<void>): Promise<void> {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile()) throw unwritable(path); // a folder, a device
  const part = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    await work(part);
  } catch (error) {
    await rm(part, { force: true }).catch(() => {}); // where there is no such folder, nothing is to be removed
    throw error instanceof Error && "syscall" in error ? unwritable(path, error) : error;
  }
}

function unwritable(path: string, cause?: unknown): HandbookError {
  const isFull = cause instanceof Error && "code" in cause && cause.code === "ENOSPC";
  return new HandbookError("BAD_FILE", `cannot write ${path}${isFull ? ": the disk is full" : ""}`, {
    fix: isFull
      ? "Make room, or name a file on another disk; what was there is as it was"
      : "Name a file in a folder that is there and can be written",
    cause,
  });
}
