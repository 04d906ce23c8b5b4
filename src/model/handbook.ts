import * as z from "zod";
import { Instant, text } from "./text.ts";

export const DEFAULT_HANDBOOK = "default";

export const HandbookSlug = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "is no handbook name: use lower-case letters, digits and single dashes");

/** A named set of behaviors; the unit of sharing and of access. */
export const Handbook = z
  .strictObject({
    slug: HandbookSlug,
    description: text(500).optional(),
    starter: z
      .string()
      .optional()
      .describe(
        "Version and digest of the packaged file it came from; every retrieval also searches starters.",
      ),
    created_at: Instant,
  })
  .meta({ title: "Handbook" });
export type Handbook = z.infer<typeof Handbook>;
