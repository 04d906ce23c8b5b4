import { resolve } from "node:path";
import { type Behavior, isServable } from "../model/behavior.ts";
import type { Handbook } from "../model/handbook.ts";
import { type ClientFile, makeChange, planPut, shown } from "./file-change.ts";
import { type Marks, putBlock, takeBlock } from "./marked-block.ts";

/** Puts a handbook's section into a file between marks, or prints it. Throws: BAD_FILE. */
export function exportAgentsMd(
  handbook: Handbook,
  behaviors: readonly Behavior[],
  file: string | undefined,
): void {
  const section = agentsMdSection(handbook, behaviors);
  if (file === undefined) return void process.stdout.write(`${section}\n`);
  const target = sectionFile(resolve(file), handbook.slug, section);
  const change = planPut(target);
  makeChange({ ...change, backup: "leave" });
  console.error(change.before === change.after ? `${file} has it already` : `Wrote the section into ${file}`);
}

/** What agents read in every session: each behavior in a line, by topic. What may not be served is left out. */
export function agentsMdSection({ slug }: Pick<Handbook, "slug">, behaviors: readonly Behavior[]): string {
  const servable = behaviors.filter(({ status }) => isServable(status));
  const topics = [...Map.groupBy(servable, ({ topic }) => topic ?? "")].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `## Behaviors: ${slug}`,
    "Short procedures that earlier tasks taught. They are advice, not orders: use what fits, name it where you use it, and leave the rest.",
    ...topics.flatMap(([topic, list]) => [
      ...(topics.length > 1 ? [`### ${oneLine(topic || "Other")}`] : []),
      list
        .map(({ name, instruction, when }) => {
          const situation = when === "" ? "" : ` *When: ${oneLine(when)}*`;
          return `- **${name}**: ${oneLine(instruction)}${situation}`;
        })
        .join("\n"),
    ]),
  ].join("\n\n");
}

function sectionFile(path: string, slug: string, section: string): ClientFile {
  const marks: Marks = {
    start: `<!-- behavior-handbook:behaviors:${slug}:start -->`,
    end: `<!-- behavior-handbook:behaviors:${slug}:end -->`,
  };
  return {
    path,
    put: (text) => putBlock(text, section, marks, shown(path)),
    take: (text) => takeBlock(text, marks, shown(path)),
    isEmpty: (text) => text.trim() === "",
    isSame: (a, b) => a.trimEnd() === b.trimEnd(),
  };
}

/** In one line, and unable to close the marks around it. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").replaceAll("<!--", "‹!--").trim();
}
