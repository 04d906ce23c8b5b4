import * as z from "zod";
import { edit } from "../lifecycle/edit.ts";
import { BehaviorName, behaviorText, MAX_INSTRUCTION, Status, withPrefix } from "../model/behavior.ts";
import { requiredText, text } from "../model/text.ts";
import { defineTool, handbookField } from "./define.ts";

export const editBehavior = defineTool({
  name: "edit_behavior",
  title: "Edit a behavior",
  description:
    "Change one behavior when your user asks to or when it proved wrong. revise changes the fields you pass, retire takes it " +
    "out of service, restore undoes that. approve makes it active: only when your user has read it. Earlier revisions are kept.",
  scope: "curate",
  input: z.strictObject({
    name: text(300).transform(withPrefix).pipe(BehaviorName),
    action: z.enum(["revise", "retire", "restore", "approve"]),
    reason: requiredText(2000).describe("Why, for its history."),
    instruction: requiredText(MAX_INSTRUCTION).optional(),
    when: text(500).optional(),
    keywords: z.array(requiredText(60)).max(20).optional(),
    topic: requiredText(80).optional(),
    detail: behaviorText.detail.describe("Long form in Markdown, up to 64 KB."),
    handbook: handbookField,
  }),
  output: z.strictObject({ name: z.string(), revision: z.int(), status: Status }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  async run(input, ports, caller) {
    const { name, revision, status } = await edit(ports, { ...input, ...caller });
    return { name, revision, status };
  },
});
