import * as z from "zod";
import { BehaviorName, behaviorText, Status } from "../model/behavior.ts";
import { HandbookSlug } from "../model/handbook.ts";
import { text } from "../model/text.ts";

export const HANDBOOK_FORMAT = "behavior-handbook/1";

/** A handbook as a file: what `export` writes, `import` reads and the starters are. */
export const HandbookFile = z
  .strictObject({
    format: z.literal(HANDBOOK_FORMAT),
    handbook: HandbookSlug,
    description: text(500).optional(),
    behaviors: z.array(z.strictObject({ name: BehaviorName, status: Status.optional(), ...behaviorText })),
  })
  .meta({ title: "Handbook file" });
export type HandbookFile = z.infer<typeof HandbookFile>;
