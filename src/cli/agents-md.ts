import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { ClientFile } from "./file-change.ts";
import { shown } from "./file-change.ts";
import { type Marks, putBlock, takeBlock } from "./marked-block.ts";

const MARKS: Marks = { start: "<!-- behavior-handbook:start -->", end: "<!-- behavior-handbook:end -->" };

/** For every agent: when to call what. Under 150 words, since each session of each agent reads it. */
const SECTION = `## Behavior handbook

The MCP server \`handbook\` keeps short procedures (behaviors) learned from earlier tasks.

- Before a task of more than one step, call \`retrieve_behaviors\` with the task as it was put to you. Use what fits, name it where you use it, ignore the rest.
- When stuck, call it again with the same \`use_id\` and what you are stuck on.
- After the task, done or failed, call \`record_trace\` with the \`use_id\`, your steps and the outcome.
- If something general was learned, call \`reflect_and_extract\` with the \`trace_id\`, follow its prompt, and call \`submit_reflection\`.
- When tests or the user tell how it ended, call \`report_outcome\`.

If your context already has behaviors and a \`use_id\` for this prompt, a hook has retrieved them and records the trace: leave those two calls out.`;

/** The section that tells agents when to call the handbook, in a Markdown file that they read. */
export function agentsMdFile(path: string): ClientFile {
  const name = shown(path);
  return {
    path,
    put: (text) => putBlock(text, SECTION, MARKS, name),
    take: (text) => takeBlock(text, MARKS, name),
    isEmpty: (text) => text.trim() === "",
    isSame: (a, b) => a.trimEnd() === b.trimEnd(),
  };
}

/** The file that agents read here: the one named, else AGENTS.md, else CLAUDE.md where only that exists. */
export function agentsMdPath(file: string | undefined): string {
  if (file !== undefined) return resolve(file);
  const [agents, claude] = STANDARD.map((name) => resolve(name)) as [string, string];
  return !existsSync(agents) && existsSync(claude) ? claude : agents;
}

const STANDARD = ["AGENTS.md", "CLAUDE.md"];

/** Every file here that may have the section. */
export function agentsMdPaths(file: string | undefined): string[] {
  return (file === undefined ? STANDARD : [file]).map((name) => resolve(name));
}
