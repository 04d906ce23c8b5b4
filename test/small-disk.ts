import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { tempDirectory } from "./ports.ts";

/** A disk of its own of so many MB; undefined where this user may not mount one. */
export function smallDisk(megabytes: number): ({ path: string } & Disposable) | undefined {
  const directory = tempDirectory();
  const path = join(directory.path, "disk");
  mkdirSync(path);
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path]);
  const end = () => directory[Symbol.dispose]();
  if (status !== 0) return void end();
  return {
    path,
    [Symbol.dispose]() {
      spawnSync("umount", ["-l", path]);
      end();
    },
  };
}
