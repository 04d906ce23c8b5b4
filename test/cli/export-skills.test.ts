import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readSkillBehaviors, skillBehaviors } from "../../src/adapters/readers/skill-behaviors.ts";
import { readSkillTree } from "../../src/adapters/readers/skill-reader.ts";
import { agentsMdSection } from "../../src/cli/export-agents-md.ts";
import { exportSkills, handbookSkills } from "../../src/cli/export-skills.ts";
import { HandbookError } from "../../src/errors.ts";
import type { Behavior } from "../../src/model/behavior.ts";
import { tempDirectory } from "../ports.ts";
import { machine, runHandbook } from "./run-handbook.ts";
import { skillFaults } from "./training-validators.ts";

const HANDBOOK = { slug: "math", created_at: "2026-01-01T00:00:00.000Z" };

function behavior(name: string, more: Partial<Behavior> = {}): Behavior {
  return {
    handbook: "math",
    name: `behavior_${name}`,
    revision: 1,
    status: "active",
    instruction: `Do ${name}: it <b>helps</b>.`,
    when: `a task of ${name}`,
    keywords: ["one", "two, three"],
    provenance: { author: "import", trace_ids: [] },
    reason: "",
    created_at: HANDBOOK.created_at,
    ...more,
  };
}
const ALL = [
  behavior("long_one", {
    detail: "# Steps\n\n1. a\n2. b\n\n## behavior_trap\n\n### Detail\n\n- When: never",
    topic: "algebra",
  }),
  behavior("short_a", { topic: "number theory" }),
  behavior("short_b", { topic: "number theory", when: "", keywords: [] }),
  behavior("no_topic", { instruction: "First.\n\n- When: this is text\n## behavior_x\n\\### Detail\nLast." }),
  behavior("other_script", { topic: "数学" }),
  behavior("gone", { status: "retired" }),
  behavior("held", { status: "quarantined" }),
  behavior(`very_${"long_".repeat(12)}name`, { detail: "x", instruction: "y ".repeat(1500) }),
];

function desk() {
  const directory = tempDirectory();
  const out = join(directory.path, "skills");
  return {
    out,
    export: (behaviors: readonly Behavior[] = ALL) => exportSkills(HANDBOOK, behaviors, out),
    file: (folder: string) => join(out, folder, "SKILL.md"),
    [Symbol.dispose]: directory[Symbol.dispose],
  };
}

describe("exported skills", () => {
  test("are valid by the specification: a long behavior has a folder of its own, short ones one for their topic", () => {
    using at = desk();
    at.export();
    const folders = readdirSync(at.out).sort();
    expect(folders).toEqual(
      expect.arrayContaining(["long-one", "math", "math-general", "math-number-theory"]),
    );
    expect(folders).toHaveLength(5);
    for (const folder of folders) {
      const [, front = ""] = /^---\n([\s\S]*?)\n---\n/.exec(readFileSync(at.file(folder), "utf8")) ?? [];
      expect(skillFaults(folder, parse(front)), folder).toEqual([]);
    }
    expect(readFileSync(at.file("long-one"), "utf8")).toContain("Use when: a task of long_one");
  });

  test("come back as the same behaviors, without what may not be served", async () => {
    using at = desk();
    at.export();
    const { behaviors, refused } = await readSkillTree(at.out);
    expect(refused).toEqual([]);
    const text = ({ name, instruction, when, keywords, topic, detail }: (typeof behaviors)[number]) => ({
      name,
      instruction: instruction.trim(),
      when,
      keywords,
      topic,
      detail,
    });
    const byName = (list: { name: string }[]) => list.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const served = ALL.filter(({ status }) => status === "active");
    expect(byName(behaviors.map(text))).toEqual(byName(served.map(text)));
  });

  test("keep any text: what is written is what is read", () => {
    const word = fc.constantFrom(
      "a",
      "## behavior_x",
      "### Detail",
      "- When: b",
      "\\",
      "  c",
      "",
      "é",
      "\\## behavior_y",
      "- Topic: z",
    );
    const text = fc
      .array(word, { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join("\n").trim() || "d");
    const one = fc.record({
      name: fc.constantFrom("behavior_a", "behavior_b2"),
      instruction: text,
      when: fc.oneof(fc.constant(""), text),
      keywords: fc.array(fc.constantFrom("k", "k; l", "[m", "n, o"), { maxLength: 3 }),
      topic: fc.constantFrom("t", "t: u"),
      detail: text,
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 3 }), (list) => {
        expect(readSkillBehaviors(`Some words.\n\n${skillBehaviors(list)}`)).toEqual(list);
      }),
    );
  });

  test("change nothing the second time, and go when their behavior does", () => {
    using at = desk();
    expect(at.export()).toContain("5 written, 0 unchanged, 0 removed");
    expect(at.export()).toContain("0 written, 5 unchanged, 0 removed");
    writeFileSync(join(at.out, "long-one", "mine.txt"), "mine");
    expect(at.export(ALL.slice(1))).toContain("0 written, 4 unchanged, 1 removed");
    expect(readdirSync(join(at.out, "long-one"))).toEqual(["mine.txt"]);
  });

  test("never overwrite a folder that is not ours, or that somebody changed", () => {
    using at = desk();
    mkdirSync(join(at.out, "long-one"), { recursive: true });
    writeFileSync(at.file("long-one"), "---\nname: long-one\ndescription: mine\n---\n\nMine.\n");
    expect(() => at.export()).toThrow(HandbookError);
    expect(() => at.export()).toThrow(/long-one/);
    expect(readdirSync(at.out)).toEqual(["long-one"]);

    using other = desk();
    other.export();
    const edited = `${readFileSync(other.file("math-general"), "utf8")}\nAnd I say so.\n`;
    writeFileSync(other.file("math-general"), edited);
    expect(() => other.export()).toThrow(/math-general/);
    expect(readFileSync(other.file("math-general"), "utf8")).toBe(edited);
  });

  test("never write through a link", () => {
    using at = desk();
    at.export();
    const mine = join(at.out, "..", "mine.txt");
    writeFileSync(mine, "mine");
    symlinkSync(mine, `${at.file("long-one")}.part`);
    at.export([behavior("long_one", { detail: "another" }), ...ALL.slice(1)]);
    expect(readFileSync(mine, "utf8")).toBe("mine");
    expect(readFileSync(at.file("long-one"), "utf8")).toContain("another");
  });

  test("are refused in our own words where the folder is a file", () => {
    using at = desk();
    writeFileSync(at.out, "a file");
    expect(() => at.export()).toThrow(/cannot write skills into/);
    expect(readFileSync(at.out, "utf8")).toBe("a file");
  });

  test("have the same names in every order, and distinct ones", () => {
    const names = (list: readonly Behavior[]) => handbookSkills(HANDBOOK, list).map(({ name }) => name);
    const many = Array.from({ length: 90 }, (_, i) => behavior(`b${i}`, { topic: "t" }));
    expect(names(many)).toEqual(["math-t", "math-t-2", "math-t-3"]);
  });
});

test("the section for AGENTS.md is put between marks, once, beside what else is there", async () => {
  using at = machine({ HANDBOOK_STARTERS: "off" });
  const handbook = {
    format: "behavior-handbook/1",
    handbook: "math",
    behaviors: [{ name: "behavior_check", instruction: "Check <!-- it -->." }],
  };
  writeFileSync(join(at.project, "h.json"), JSON.stringify(handbook));
  writeFileSync(join(at.project, "AGENTS.md"), "# Mine\n");
  await runHandbook(at, ["import", "h.json"]);
  const args = ["export", "--handbook", "math", "--format", "agents-md", "--into", "AGENTS.md"];
  const first = await runHandbook(at, args);
  expect(first).toMatchObject({ code: 0, stdout: "" });
  const text = readFileSync(join(at.project, "AGENTS.md"), "utf8");
  expect(text).toMatch(
    /^# Mine\n\n<!-- behavior-handbook:behaviors:math:start -->\n[\s\S]*behavior_check[\s\S]*:end -->\n$/,
  );
  expect((await runHandbook(at, args)).stderr).toContain("has it already");
  expect(readFileSync(join(at.project, "AGENTS.md"), "utf8")).toBe(text);
  expect(existsSync(join(at.project, "AGENTS.md.handbook-backup"))).toBe(false);
  expect(agentsMdSection(HANDBOOK, ALL)).not.toMatch(/behavior_(?:gone|held)/);
});
