import * as z from "zod";
import { HandbookSlug } from "./handbook.ts";
import { Instant, requiredText, text, Ulid } from "./text.ts";

/** Learned instructions are this short; a person may write up to `MAX_INSTRUCTION`. */
export const MAX_LEARNED_INSTRUCTION = 600;
export const MAX_INSTRUCTION = 4000;
export const MAX_DETAIL = 64 * 1024;

export const BehaviorName = z
  .string()
  .max(80)
  .regex(/^behavior_[a-z0-9]+(_[a-z0-9]+)*$/, "is no behavior name: write behavior_ and then snake_case");

/**
 * The name as the handbook writes it. Models drop the prefix or write it in the plural (the paper's own examples do
 * both), and that is mended; anything else is left for validation to refuse.
 */
export function withPrefix(name: string): string {
  const plural = /^behaviou?rs?_(.*)$/s.exec(name.trim());
  return `behavior_${plural?.[1] ?? name.trim()}`;
}

/** `probation` and `active` are served; `quarantined` waits for a person; `retired` is history. */
export const Status = z.enum(["probation", "active", "retired", "quarantined"]);
export type Status = z.infer<typeof Status>;

/** The fields that say how to act; everything else about a behavior is bookkeeping. */
export const behaviorText = {
  instruction: requiredText(MAX_INSTRUCTION).describe("What to do: one to three imperative sentences."),
  when: text(500).default("").describe("The situation it is for."),
  keywords: z
    .array(requiredText(60))
    .max(20)
    .default([])
    .describe("Words of such tasks that stand nowhere else."),
  topic: requiredText(80).optional().describe("Its field, e.g. number theory."),
  detail: text(MAX_DETAIL)
    .optional()
    .describe("Long form in Markdown: read through its resource, never served whole."),
};

/** Where a revision came from. */
export const Provenance = z.strictObject({
  author: z.enum(["reflection", "edit", "import", "starter"]),
  agent: text(200).optional().describe("The client that submitted or edited it."),
  model: text(200).optional(),
  prompt_version: text(60).optional(),
  source: text(500).optional().describe("What was imported: file, license, what that system counted."),
  reflection_id: Ulid.optional(),
  trace_ids: z.array(Ulid).default([]).describe("The traces it was drawn from."),
});
export type Provenance = z.infer<typeof Provenance>;

/**
 * One revision of a behavior: a named, short procedure.
 *
 * Identity is handbook + name. Every change, of text or of status, is a new revision; none is overwritten.
 */
export const Behavior = z
  .strictObject({
    handbook: HandbookSlug,
    name: BehaviorName,
    revision: z.int().min(1),
    status: Status,
    ...behaviorText,
    provenance: Provenance,
    reason: text(2000).describe("Why this revision was made."),
    created_at: Instant,
  })
  .meta({ title: "Behavior" });
export type Behavior = z.infer<typeof Behavior>;

/** What names a behavior across handbooks. */
export interface BehaviorKey {
  handbook: string;
  name: string;
}

/** A key as one string, for maps and sets. */
export function behaviorId({ handbook, name }: BehaviorKey): string {
  return `${handbook}/${name}`;
}

/** The order of keys wherever nothing else decides: by handbook, then by name. */
export function compareKeys(a: BehaviorKey, b: BehaviorKey): number {
  return compareText(a.handbook, b.handbook) || compareText(a.name, b.name);
}

/** By UTF-16 units: the same in every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** May be given to an agent. */
export function isServable(status: Status): boolean {
  return status === "probation" || status === "active";
}
