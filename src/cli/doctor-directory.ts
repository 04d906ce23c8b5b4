import { closeSync, existsSync, openSync } from "node:fs";
import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory } from "../adapters/make-directory.ts";
import type { Finding } from "./doctor-finding.ts";

const FIX = "Make it writable for you, or set HANDBOOK_HOME to a directory that is.";

/** Whether the data directory is there, or can be made, and takes a file: permissions alone do not tell. */
export async function checkDirectory(home: string): Promise<Finding> {
  const wasThere = existsSync(home);
  const probe = join(home, `.doctor-${process.pid}`);
  try {
    makeDirectory(home);
    await writeFile(probe, "probe");
    await rm(probe);
  } catch (error) {
    await rm(probe, { force: true }).catch(() => {});
    return { status: "failed", ...faultOf(error, home) };
  }
  const free = await statfs(home).then(({ bavail, bsize }) => Math.floor((bavail * bsize) / 1024 ** 2));
  const made = wasThere ? "" : ", made just now";
  return { status: "ok", message: `${home} is writable${made}, ${free.toLocaleString("en")} MB free` };
}

/**
 * Why the ledger's file cannot be written, if so: SQLite opens a file that it may only read without a word. Not while
 * it has the file open: to close a file of one's own drops the locks that SQLite holds on it.
 */
export function checkWritable(path: string): Finding | undefined {
  if (!existsSync(path)) return undefined;
  try {
    closeSync(openSync(path, "r+"));
    return undefined;
  } catch (error) {
    const code = codeOf(error);
    return {
      status: "failed",
      message: `${path} is ${code === "EISDIR" ? "a directory" : `not writable (${code})`}`,
      fix: "Make it a file that you may write, or move it away: the next start makes a new one.",
    };
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

function faultOf(error: unknown, home: string): { message: string; fix: string } {
  const code = codeOf(error);
  switch (code) {
    case "ENOTDIR":
    case "EEXIST":
      return {
        message: `${home} cannot be a directory: a file, or a link to nowhere, stands in its way`,
        fix: "Set HANDBOOK_HOME to a directory, or move what stands there away.",
      };
    case "EROFS":
      return { message: `${home} is on a read-only file system`, fix: FIX };
    case "ENOSPC":
    case "EDQUOT":
      return {
        message: `${home} is on a full disk`,
        fix: "Free some space there, or set HANDBOOK_HOME to another disk.",
      };
    default:
      return {
        message: `${home} ${existsSync(home) ? "is not writable" : "cannot be made"} (${code})`,
        fix: FIX,
      };
  }
}
