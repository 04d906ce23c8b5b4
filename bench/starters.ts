import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The behaviors of the packaged handbooks: real texts. */
export function starterBehaviors(): { when: string; instruction: string }[] {
  const folder = join(import.meta.dirname, "../handbooks");
  return globSync("*.json", { cwd: folder })
    .sort()
    .flatMap((file) => JSON.parse(readFileSync(join(folder, file), "utf8")).behaviors);
}
