import { createHash } from "node:crypto";
import { parse, stringify } from "yaml";
import { cleanText } from "../../model/text.ts";

/** A SKILL.md of Agent Skills (agentskills.io/specification): what its front matter says, and its body. */
export interface Skill {
  name: string;
  description: string;
  license?: string | undefined;
  metadata?: Record<string, string> | undefined;
  body: string;
}

export const SKILL_FILE = "SKILL.md";
const GENERATOR = "behavior-handbook";
const FRONT_MATTER = /^---[ \t]*\n([\s\S]*?)\n---[ \t]*(?:\n|$)/;

/** Whether the beginning of a text looks like a SKILL.md. */
export function isSkill(head: string): boolean {
  const [, front = ""] = FRONT_MATTER.exec(plain(head)) ?? [];
  return /^name[ \t]*:/m.test(front) && /^description[ \t]*:/m.test(front);
}

/** Reads a SKILL.md, or says what it lacks. Front matter that is no YAML, as many have with a colon in a description, is read line by line. */
export function parseSkill(text: string): Skill | { fault: string } {
  const [all, front] = FRONT_MATTER.exec(plain(text)) ?? [];
  if (all === undefined || front === undefined) return { fault: "has no front matter between --- lines" };
  const fields = fieldsOf(front);
  const { name, description, license, licence, metadata } = fields;
  if (typeof name !== "string" || name.trim() === "") return { fault: "has no name in its front matter" };
  if (typeof description !== "string" || description.trim() === "")
    return { fault: "has no description in its front matter" };
  const terms = license ?? licence;
  return {
    name: name.trim(),
    description: description.trim(),
    ...(typeof terms === "string" && { license: terms.trim() }),
    ...(typeof metadata === "object" &&
      metadata !== null && {
        metadata: Object.fromEntries(
          Object.entries(metadata).flatMap(([key, value]) =>
            typeof value === "object" ? [] : [[key, String(value)]],
          ),
        ),
      }),
    body: plain(text).slice(all.length).trim(),
  };
}

/** The text of a skill. */
export function skillText({ body, ...front }: Skill): string {
  const fields = Object.fromEntries(Object.entries(front).filter(([, value]) => value !== undefined));
  return `---\n${stringify(fields, { lineWidth: 0 })}---\n\n${body}\n`;
}

/** The skill as ours: whoever changes it by hand breaks the seal. */
export function sealed(skill: Skill, handbook: string): Skill {
  const metadata = { generator: GENERATOR, handbook };
  return { ...skill, metadata: { ...metadata, digest: digestOf({ ...skill, metadata }) } };
}

/** The handbook that a skill of ours came from; undefined for others', and for ours that somebody changed. */
export function sealedFor(skill: Skill): string | undefined {
  const { generator, handbook, digest } = skill.metadata ?? {};
  return generator === GENERATOR && digest === digestOf(skill) ? handbook : undefined;
}

/** Whether a skill was written by this program, even if changed since. */
export function isGenerated({ metadata }: Skill): boolean {
  return metadata?.generator === GENERATOR;
}

function digestOf({ name, description, body, metadata }: Skill): string {
  const content = JSON.stringify([name, description, metadata?.handbook, body.trim()]);
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

function plain(text: string): string {
  return cleanText(text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n"));
}

function fieldsOf(front: string): Record<string, unknown> {
  try {
    // Looking for keys that are there twice takes time with their square; warnings would quote the file on stderr.
    const value: unknown = parse(front, { uniqueKeys: false, logLevel: "error" });
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Read by line below.
  }
  const lines = front.matchAll(/^([\w-]+)[ \t]*:[ \t]*(.*(?:\n[ \t]+.*)*)$/gm);
  return Object.fromEntries(
    [...lines].map(([, key = "", value = ""]) => [
      key,
      value.replace(/\s+/g, " ").replace(/^(["'])(.*)\1$/, "$2"),
    ]),
  );
}
