import { randomUUID } from "node:crypto";
import { createWriteStream, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
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
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile()) throw unwritable(path); // a folder, a device
  const beside = `${path}.${randomUUID().slice(0, 8)}.part`;
  try {
    await pipeline(parts, createWriteStream(beside, { flags: "wx" }));
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {}); // where there is no such folder, nothing is to be removed
    throw error instanceof Error && "syscall" in error ? unwritable(path, error) : error;
  }
}

function unwritable(path: string, cause?: unknown): HandbookError {
  return new HandbookError("BAD_FILE", `cannot write ${path}`, {
    fix: "Name a file in a folder that is there and can be written",
    cause,
  });
}
