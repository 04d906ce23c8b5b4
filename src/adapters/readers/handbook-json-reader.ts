import * as z from "zod";
import { BehaviorName, behaviorText, Status } from "../../model/behavior.ts";
import { HandbookSlug } from "../../model/handbook.ts";
import { cleanText, text } from "../../model/text.ts";
import { badFile, faultsOf, type Refused } from "./import-faults.ts";

export const HANDBOOK_FORMAT = "behavior-handbook/1";

const FileBehavior = z.strictObject({ name: BehaviorName, status: Status.optional(), ...behaviorText });

/** A handbook as a file: what `export` writes, `import` reads and the starters are. */
export const HandbookFile = z
  .strictObject({
    format: z.literal(HANDBOOK_FORMAT),
    handbook: HandbookSlug,
    description: text(500).optional(),
    behaviors: z.array(FileBehavior),
  })
  .meta({ title: "Handbook file" });
export type HandbookFile = z.infer<typeof HandbookFile>;

const AnyHandbookFile = z.strictObject({ ...HandbookFile.shape, behaviors: z.array(z.unknown()) });

/** Whether a JSON value says that it is a handbook, of whichever version. */
export function saysItIsHandbook(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "format" in value &&
    typeof value.format === "string" &&
    value.format.startsWith("behavior-handbook/")
  );
}

/**
 * Reads a handbook that anybody may have written: each behavior for itself, so that one fault spoils only its own.
 * `handbook` overrides where it goes.
 *
 * Throws: BAD_FILE when what stands around the behaviors is not valid.
 */
export function readHandbook(value: unknown, handbook?: string): { file: HandbookFile; refused: Refused[] } {
  const override = handbook === undefined ? {} : { handbook };
  const outer = AnyHandbookFile.safeParse({ ...(cleaned(value) as object), ...override });
  if (!outer.success) throw badFile(`the handbook file is not valid (${faultsOf(outer.error)})`);
  const behaviors: HandbookFile["behaviors"] = [];
  const refused: Refused[] = [];
  const names = new Set<string>();
  for (const [i, behavior] of outer.data.behaviors.entries()) {
    const place = `behavior ${i + 1}`;
    const parsed = FileBehavior.safeParse(behavior);
    if (!parsed.success) {
      refused.push({ place, reason: faultsOf(parsed.error) });
    } else if (names.has(parsed.data.name)) {
      refused.push({ place, reason: `${parsed.data.name} stands in the file twice; the first one counts` });
    } else {
      names.add(parsed.data.name);
      behaviors.push(parsed.data);
    }
  }
  return { file: { ...outer.data, behaviors }, refused };
}

/** The same value with every text in it cleaned: who wrote it cannot correct it now. */
function cleaned(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, cleaned(field)]));
}
