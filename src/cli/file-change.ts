import { randomUUID } from "node:crypto";
import {
  chmodSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import { HandbookError } from "../errors.ts";

/** A file of a client that holds a part of ours beside what is not ours. */
export interface ClientFile {
  path: string;
  /** The text with our part in it, brought up to date; "" stands for no file. Throws: BAD_FILE. */
  put(text: string): string;
  /**
   * The text without our part. `original` is what the file was before we came, where there was one: what was empty
   * then may stay. Throws: BAD_FILE.
   */
  take(text: string, original: string | undefined): string;
  /** Nothing is left in it. */
  isEmpty(text: string): boolean;
  /** Both say the same; only white space may differ. */
  isSame(a: string, b: string): boolean;
}

/** What to do to one file. `after` is undefined where the file goes. */
export interface FileChange {
  path: string;
  before: string | undefined;
  after: string | undefined;
  backup: "make" | "remove" | "leave";
}

/** The file as it will be with our part. A backup is due when the file is there and nothing of it is ours yet. */
export function planPut(file: ClientFile): FileChange {
  const before = readText(file.path);
  const after = file.put(before ?? "");
  const isUntouched = before !== undefined && file.take(before, before) === before;
  return { path: file.path, before, after, backup: isUntouched && after !== before ? "make" : "leave" };
}

/**
 * The file as it will be without our part: byte for byte what it was, where nothing else has changed since; gone,
 * where we made it and nothing else came in.
 */
export function planTake(file: ClientFile): FileChange {
  const { path } = file;
  const before = readText(path);
  if (before === undefined) return { path, before, after: undefined, backup: "leave" };
  const original = readText(backupOf(path));
  const after = file.take(before, original);
  if (after === before) return { path, before, after, backup: "leave" };
  if (original === undefined)
    return { path, before, after: file.isEmpty(after) ? undefined : after, backup: "leave" };
  return file.isSame(after, original)
    ? { path, before, after: original, backup: "remove" }
    : { path, before, after, backup: "leave" };
}

/** The change as a unified diff; "" when nothing changes. */
export function diffOf({ path, before, after }: FileChange): string {
  if (before === after) return "";
  const name = shown(path);
  return createTwoFilesPatch(
    before === undefined ? "/dev/null" : name,
    after === undefined ? "/dev/null" : name,
    before ?? "",
    after ?? "",
    undefined,
    undefined,
    { headerOptions: FILE_HEADERS_ONLY },
  );
}

/**
 * Makes the change in one step: the file has its old or its new content, never a part of it. Links are followed and
 * permissions kept.
 *
 * Throws: BAD_FILE when it cannot be written, or has changed since it was read.
 */
export function makeChange(change: FileChange): void {
  const { path, before, after, backup } = change;
  if (before === after) return;
  try {
    if (backup === "make") copyFileSync(path, backupOf(path));
    if (after === undefined) {
      rmSync(path);
      removeIfEmpty(dirname(path));
    } else replaceFile(path, before, after);
    if (backup === "remove") rmSync(backupOf(path), { force: true });
  } catch (cause) {
    if (cause instanceof HandbookError) throw cause;
    throw new HandbookError("BAD_FILE", `${shown(path)} cannot be written`, {
      fix: "Make it and its directory writable, and run this again",
      cause,
    });
  }
}

function replaceFile(path: string, before: string | undefined, after: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const target = before === undefined ? path : realpathSync(path);
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);
  try {
    const file = openSync(temporary, "wx", 0o666);
    try {
      if (before !== undefined) chmodSync(temporary, statSync(target).mode);
      writeFileSync(file, after);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // Clients write these files too, some of them all the time.
    if (readText(path) !== before) {
      throw new HandbookError("BAD_FILE", `${shown(path)} was changed by another program meanwhile`, {
        fix: "Close the client that writes it and run this again; the file is as that program left it",
      });
    }
    renameSync(temporary, target);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** The directory of a file that we made may have been ours too. */
function removeIfEmpty(directory: string): void {
  try {
    if (basename(directory).startsWith(".")) rmdirSync(directory);
  } catch {
    // It holds something else.
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new HandbookError("BAD_FILE", `${shown(path)} cannot be read`, {
      fix: "Look whether it is a file that you may read",
      cause,
    });
  }
}

export function backupOf(path: string): string {
  return `${path}.handbook-backup`;
}

/** A path as people write it: from here where it is below, else absolute. */
export function shown(path: string): string {
  const here = relative(process.cwd(), path);
  return here !== "" && !here.startsWith("..") ? here : path;
}
