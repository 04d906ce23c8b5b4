import { readAcePlaybook } from "../adapters/readers/ace-playbook-reader.ts";
import { lastCheatsheet, readCheatsheet } from "../adapters/readers/cheatsheet-reader.ts";
import { readHandbook, saysItIsHandbook } from "../adapters/readers/handbook-json-reader.ts";
import { badFile, type Refused } from "../adapters/readers/import-faults.ts";
import type { ImportFile } from "../adapters/readers/import-file.ts";
import { recognizeFormat } from "../adapters/readers/import-format.ts";
import { parseDocument, rowsOfDocument, rowsOfLines, rowsOfValue } from "../adapters/readers/json-rows.ts";
import { readSkills, readSkillTree, skillPlace } from "../adapters/readers/skill-reader.ts";
import { readThoughtTemplates } from "../adapters/readers/thought-template-reader.ts";
import { type RowRead, readRows } from "../adapters/readers/transcripts.ts";
import type { HandbookToLoad } from "../lifecycle/load.ts";
import { DEFAULT_HANDBOOK } from "../model/handbook.ts";

export type BehaviorSource = "handbook" | "ace playbook" | "skills" | "cheatsheet" | "thought templates";

/** Behaviors of a file, and what of it was refused. */
export type BehaviorsRead = { kind: BehaviorSource; file: HandbookToLoad; refused: Refused[] };

/** What the file holds, ready to be stored. */
export async function reading(
  file: ImportFile,
  handbook?: string,
): Promise<{ rows: AsyncIterable<RowRead> } | BehaviorsRead> {
  const format = recognizeFormat(file.head);
  switch (format) {
    case undefined:
      throw badFile(
        `${file.path} is ${file.head.includes("\0") ? "a binary file" : "nothing that can be imported"}`,
      );
    case "jsonl":
      return { rows: readRows(rowsOfLines(file), "auto") };
    case "ace":
      return behaviorsOf("ace playbook", readAcePlaybook(await file.text()), handbook);
    case "skill": {
      const skill = { place: skillPlace(file.path), text: await file.text() };
      return behaviorsOf("skills", readSkills([skill]), handbook);
    }
    case "cheatsheet lines": {
      const memory = await lastCheatsheet(file.path, file.lines());
      return behaviorsOf("cheatsheet", readCheatsheet(memory), handbook);
    }
    case "cheatsheet":
      return behaviorsOf("cheatsheet", readCheatsheet(await file.text()), handbook);
    case "thought templates":
      return behaviorsOf("thought templates", readThoughtTemplates(await file.text()), handbook);
    case "document": {
      // An array is no handbook, and may be of any size.
      if (/^\uFEFF?\s*\[/.test(file.head)) return { rows: readRows(rowsOfDocument(file), "auto") };
      const value = parseDocument(file.path, await file.text());
      return saysItIsHandbook(value)
        ? { kind: "handbook", ...readHandbook(value, handbook) }
        : { rows: readRows(rowsOfValue(value), "auto") };
    }
  }
}

/** The skills below a folder. */
export async function readingFolder(path: string, handbook: string | undefined): Promise<BehaviorsRead> {
  return behaviorsOf("skills", await readSkillTree(path), handbook);
}

function behaviorsOf(
  kind: BehaviorSource,
  { behaviors, refused }: Pick<HandbookToLoad, "behaviors"> & { refused: Refused[] },
  handbook: string | undefined,
): BehaviorsRead {
  return { kind, file: { handbook: handbook ?? DEFAULT_HANDBOOK, behaviors }, refused };
}
