import type { Behavior } from "../../model/behavior.ts";

/** Of a behavior what stands in a skill. */
export type SkillBehavior = Pick<Behavior, "name" | "instruction" | "when" | "keywords"> & {
  topic?: string | undefined;
  detail?: string | undefined;
};

const HEADING = /^## (behavior_[a-z0-9_]+)$/;
const DETAIL = "### Detail";
/** Lines that would be read as something else get a backslash, and those that have one already one more. */
const AMBIGUOUS = /^(?=\\*(?:## behavior_|### Detail$|- (?:When|Keywords|Topic): ))/gm;

/** Behaviors as Markdown that a person reads easily and `readSkillBehaviors` reads back. */
export function skillBehaviors(behaviors: readonly SkillBehavior[]): string {
  return behaviors
    .map(({ name, instruction, when, keywords, topic, detail }) => {
      const fields = [
        ...(when === "" ? [] : [field("When", when)]),
        ...(keywords.length === 0 ? [] : [field("Keywords", keywordList(keywords))]),
        ...(topic === undefined ? [] : [field("Topic", topic)]),
      ];
      const parts = [`## ${name}`, ...(fields.length === 0 ? [] : [fields.join("\n")]), escaped(instruction)];
      return [...parts, ...(detail === undefined ? [] : [DETAIL, escaped(detail)])].join("\n\n");
    })
    .join("\n\n");
}

/** Reads what `skillBehaviors` wrote; outer white space of the texts is not kept. */
export function readSkillBehaviors(body: string): SkillBehavior[] {
  const found: { name: string; lines: string[] }[] = [];
  for (const line of body.split("\n")) {
    const [, name] = HEADING.exec(line) ?? [];
    if (name !== undefined) found.push({ name, lines: [] });
    else found.at(-1)?.lines.push(line);
  }
  return found.map(({ name, lines }) => {
    const at = lines.indexOf(DETAIL);
    const [short, long] = at === -1 ? [lines] : [lines.slice(0, at), lines.slice(at + 1)];
    const fields = new Map<string, string>();
    let last: string | undefined;
    const rest = short.filter((line) => {
      const [, key, value] = /^- (When|Keywords|Topic): (.*)$/.exec(line) ?? [];
      if (key !== undefined && value !== undefined) fields.set(key, value);
      else if (last !== undefined && line.startsWith("  "))
        fields.set(last, `${fields.get(last)}\n${line.slice(2)}`);
      else {
        last = undefined;
        return true;
      }
      last = key ?? last;
      return false;
    });
    const topic = fields.get("Topic");
    return {
      name,
      instruction: unescaped(rest.join("\n")),
      when: fields.get("When") ?? "",
      keywords: keywordsOf(fields.get("Keywords") ?? ""),
      ...(topic !== undefined && { topic }),
      ...(long !== undefined && { detail: unescaped(long.join("\n")) }),
    };
  });
}

function field(name: string, value: string): string {
  return `- ${name}: ${value.replaceAll("\n", "\n  ")}`;
}

function keywordList(keywords: readonly string[]): string {
  const isPlain = keywords.every((keyword) => !/[;\n]|^\s|\s$|^\[/.test(keyword));
  return isPlain ? keywords.join("; ") : JSON.stringify(keywords);
}

function keywordsOf(list: string): string[] {
  if (list.startsWith("[")) {
    try {
      return JSON.parse(list).map(String);
    } catch {
      // Somebody wrote it by hand.
    }
  }
  return list === "" ? [] : list.split("; ");
}

function escaped(text: string): string {
  return text.trim().replace(AMBIGUOUS, "\\");
}

function unescaped(text: string): string {
  return text.trim().replace(/^\\(?=\\*(?:## behavior_|### Detail$|- (?:When|Keywords|Topic): ))/gm, "");
}
