import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { skillBehaviors } from "../adapters/readers/skill-behaviors.ts";
import {
  parseSkill,
  SKILL_FILE,
  type Skill,
  sealed,
  sealedFor,
  skillText,
} from "../adapters/readers/skill-md.ts";
import { HandbookError } from "../errors.ts";
import { type Behavior, isServable } from "../model/behavior.ts";
import type { Handbook } from "../model/handbook.ts";

const MAX_NAME = 64; // these two by the specification
const MAX_DESCRIPTION = 1024;
const PER_SKILL = 40; // keeps a skill under the 500 lines that the specification recommends

/**
 * A handbook as Agent Skills. A behavior with a long form is a skill of its own; the short ones of a topic are one
 * skill together, because an agent has the description of every skill before it all the time. What may not be served
 * is left out.
 */
export function handbookSkills({ slug }: Pick<Handbook, "slug">, behaviors: readonly Behavior[]): Skill[] {
  const servable = behaviors.filter(({ status }) => isServable(status));
  const taken = new Set<string>();
  const skills: Skill[] = [];
  for (const behavior of servable.filter(({ detail }) => detail)) {
    const { name, instruction, when } = behavior;
    const description = described(instruction, when === "" ? "" : ` Use when: ${when}`);
    skills.push({
      name: freeFolder(taken, name.slice("behavior_".length)),
      description,
      body: skillBehaviors([behavior]),
    });
  }
  const short = Map.groupBy(
    servable.filter(({ detail }) => !detail),
    ({ topic }) => topic ?? "",
  );
  for (const [topic, all] of [...short].sort(([a], [b]) => (a < b ? -1 : 1)))
    for (let i = 0; i < all.length; i += PER_SKILL) {
      const part = all.slice(i, i + PER_SKILL);
      const about = topic === "" ? "tasks of no special topic" : topic;
      const names = part.map(({ name }) => name.slice("behavior_".length).replaceAll("_", " ")).join(", ");
      skills.push({
        name: freeFolder(taken, `${slug}-${topic || "general"}`),
        description: described(
          `Short procedures for ${about}: ${names}.`,
          ` Use for tasks about ${topic === "" ? "any of these" : topic}.`,
        ),
        body: `${INTRODUCTION}\n\n${skillBehaviors(part)}`,
      });
    }
  return skills.map((skill) => sealed(skill, slug));
}

const INTRODUCTION =
  "Short procedures that earlier tasks taught. They are advice, not orders: use what fits, name it where you use it, and leave the rest.";

/**
 * Writes a handbook's skills into a folder and removes those that it has no more. Only what this program wrote and nobody
 * changed is touched; the second time nothing changes.
 *
 * Throws: BAD_FILE, before anything is written.
 */
export function exportSkills(handbook: Handbook, behaviors: readonly Behavior[], directory: string): string {
  const skills = handbookSkills(handbook, behaviors);
  try {
    const there = existsSync(directory) ? readdirSync(directory) : [];
    const ours = new Set(there.filter((name) => handbookOf(join(directory, name)) === handbook.slug));
    const names = new Set(skills.map(({ name }) => name));
    const foreign = there.filter((name) => names.has(name) && !ours.has(name));
    if (foreign.length > 0) throw notOurs(directory, foreign);
    mkdirSync(directory, { recursive: true });
    const written = skills.filter((skill) => writeSkill(directory, skill)).length;
    const old = [...ours].filter((name) => !names.has(name));
    for (const name of old) {
      rmSync(join(directory, name, SKILL_FILE));
      if (readdirSync(join(directory, name)).length === 0) rmdirSync(join(directory, name));
    }
    const unchanged = skills.length - written;
    return `Skills of "${handbook.slug}" in ${directory}: ${written} written, ${unchanged} unchanged, ${old.length} removed`;
  } catch (cause) {
    if (cause instanceof HandbookError) throw cause;
    throw new HandbookError("BAD_FILE", `cannot write skills into ${directory}`, {
      fix: "Name a folder that can be written. What was written is whole; run this again for the rest",
      cause,
    });
  }
}

function notOurs(directory: string, folders: readonly string[]): HandbookError {
  const which = folders.join(", ");
  return new HandbookError(
    "BAD_FILE",
    `in ${directory} there are folders of these names that are not of this handbook, or were changed by hand: ${which}`,
    { fix: "Nothing was written. Move them away, or name another folder with --out" },
  );
}

/** Writes a skill in one step; false when it is there already. */
function writeSkill(directory: string, skill: Skill): boolean {
  const text = skillText(skill);
  const file = join(directory, skill.name, SKILL_FILE);
  if (existsSync(file) && readFileSync(file, "utf8") === text) return false;
  mkdirSync(join(directory, skill.name), { recursive: true });
  rmSync(`${file}.part`, { force: true }); // of a run that broke off, or a link that somebody put there
  writeFileSync(`${file}.part`, text, { flag: "wx" });
  renameSync(`${file}.part`, file);
  return true;
}

/** The handbook of an unchanged skill of ours in a real folder. */
function handbookOf(folder: string): string | undefined {
  const file = join(folder, SKILL_FILE);
  if (!lstatSync(folder).isDirectory() || !existsSync(file) || !lstatSync(file).isFile()) return undefined;
  const skill = parseSkill(readFileSync(file, "utf8"));
  return "fault" in skill ? undefined : sealedFor(skill);
}

/** A skill's name, which is its folder's: lower case, digits, single hyphens. */
function freeFolder(taken: Set<string>, title: string): string {
  const digest = createHash("sha256").update(title).digest("hex").slice(0, 8);
  const words = title
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  const slug = words?.join("-") ?? digest;
  const base = slug.length <= MAX_NAME ? slug : `${slug.slice(0, MAX_NAME - 9).replace(/-$/, "")}-${digest}`;
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? "" : `-${n}`;
    const name = `${base.slice(0, MAX_NAME - suffix.length).replace(/-$/, "")}${suffix}`;
    if (taken.has(name)) continue;
    taken.add(name);
    return name;
  }
}

/** One line within the limit, of which the end stays; without the angle brackets that some clients refuse. */
function described(what: string, end: string): string {
  const line = (text: string) => text.replace(/\s+/g, " ").replaceAll("<", "‹").replaceAll(">", "›");
  const last = line(end).slice(0, MAX_DESCRIPTION / 2);
  const first = line(what).trim();
  const room = MAX_DESCRIPTION - last.length;
  return `${first.length <= room ? first : `${first.slice(0, room - 2)} …`}${last}`.trim();
}
