import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { HandbookError } from "../../errors.ts";
import { withPrefix } from "../../model/behavior.ts";
import { snakeCase } from "./behavior-naming.ts";
import { faultsOf, type Refused } from "./import-faults.ts";
import { openImportFile } from "./import-file.ts";
import { cut, detailOf, ImportedBehavior, instructionOf, sentencesOf } from "./imported-behavior.ts";
import { readSkillBehaviors } from "./skill-behaviors.ts";
import { isGenerated, parseSkill, SKILL_FILE, type Skill } from "./skill-md.ts";

/** A sentence that says for what a skill is. */
const SITUATION =
  /^(?:you must (?:always )?|also |do not )?(?:use|invoke|apply|trigger|activate|skip)\b.*\b(?:when|whenever|for|if|before|after|during|to)\b/i;
const SITUATION_OPENING =
  /^(?:use|invoke|apply|activate)(?: (?:this|it|the))?(?: skill)?(?: proactively)?:? (?:when(?:ever)? |(?=for|if|before|after|during))/i;

/**
 * Reads the skills below a folder, in the order of their paths.
 *
 * Throws: BAD_FILE when there is none.
 */
export async function readSkillTree(
  root: string,
): Promise<{ behaviors: ImportedBehavior[]; refused: Refused[] }> {
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.toLowerCase() === SKILL_FILE.toLowerCase())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/[\\/](?:node_modules|\.git)[\\/]/.test(path))
    .sort();
  if (paths.length === 0) {
    throw new HandbookError("BAD_FILE", `there is no ${SKILL_FILE} in ${root} or below it`, {
      fix: "Name a folder of Agent Skills, or one file. A folder of transcripts goes in by `handbook learn`",
    });
  }
  const files: SkillFile[] = [];
  const refused: Refused[] = [];
  for (const path of paths) {
    const place = relative(root, path).split(sep).join("/");
    try {
      files.push({
        place: place === SKILL_FILE ? `${basename(resolve(root))}/${place}` : place,
        text: await textAt(path),
      });
    } catch (error) {
      if (!(error instanceof HandbookError)) throw error;
      refused.push({ place, reason: error.message });
    }
  }
  const read = readSkills(files);
  return { behaviors: read.behaviors, refused: [...refused, ...read.refused] };
}

async function textAt(path: string): Promise<string> {
  await using file = await openImportFile(path);
  return await file.text();
}

/** The text of a SKILL.md, and its path from where people know it. */
export interface SkillFile {
  place: string;
  text: string;
}

/** The path of one skill as its provenance tells it: with its folder, which has its name. */
export function skillPlace(path: string): string {
  return `${basename(dirname(resolve(path)))}/${basename(path)}`;
}

/**
 * Reads SKILL.md texts. One that `export` wrote gives back its behaviors; of any other the description becomes instruction
 * and situation, and the body the long form. Of two skills with one name the later one gets a mark made of its path.
 */
export function readSkills(files: readonly SkillFile[]): {
  behaviors: ImportedBehavior[];
  refused: Refused[];
} {
  const behaviors = new Map<string, ImportedBehavior>();
  const refused: Refused[] = [];
  for (const { place, text } of files) {
    const skill = parseSkill(text);
    if ("fault" in skill) {
      refused.push({ place, reason: skill.fault });
      continue;
    }
    const license = skill.license === undefined ? "" : `, license ${cut(skill.license, 100)}`;
    const source = `Agent Skill ${cut(place, 300)}${license}`;
    const own = isGenerated(skill) ? readSkillBehaviors(skill.body) : [];
    const found = own.length > 0 ? own : [foreign(skill)];
    for (const one of found) {
      const known = behaviors.get(one.name);
      const mark = createHash("sha256").update(place).digest("hex").slice(0, 6);
      const name = known === undefined ? one.name : `${one.name.slice(0, 73).replace(/_$/, "")}_${mark}`;
      const parsed = ImportedBehavior.safeParse({ ...one, name, source });
      if (!parsed.success) refused.push({ place, reason: faultsOf(parsed.error) });
      else if (known?.instruction === one.instruction && known.detail === one.detail)
        refused.push({ place, reason: "it says the same as another skill of this name" });
      else behaviors.set(name, parsed.data);
    }
  }
  return { behaviors: [...behaviors.values()], refused };
}

function foreign({ name, description, body }: Skill) {
  const sentences = sentencesOf(description);
  const situations = sentences.filter((sentence) => SITUATION.test(sentence));
  const advice = sentences.filter((sentence) => !SITUATION.test(sentence));
  const when = situations.map((sentence) => sentence.replace(SITUATION_OPENING, "")).join(" ");
  const instruction =
    instructionOf(advice) ||
    instructionOf(principleOf(body)) ||
    `Follow the skill "${name}": its steps are in the detail.`;
  return {
    name: withPrefix(snakeCase(name) || createHash("sha256").update(name).digest("hex").slice(0, 8)),
    instruction,
    when: cut(when, 500),
    detail: detailOf(body),
  };
}

/** What the body says first: its core principle where it names one, else its first paragraph of prose. */
function principleOf(body: string): string[] {
  const prose = body
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, "")
    .split(/\n\s*\n/)
    .map((part) => part.trim())
    .filter((part) => part !== "" && !/^(?:#|[-*+] |\d+\.|\||>|<)/.test(part));
  const principle = prose.find((part) => /core principle/i.test(part));
  return sentencesOf((principle ?? prose[0] ?? "").replace(/^\**core principle:?\**:?\s*/i, ""));
}
