import * as z from "zod";
import { submitReflection } from "../lifecycle/curate.ts";
import { BehaviorName, withPrefix } from "../model/behavior.ts";
import { Candidate, MAX_REFLECTION } from "../model/reflection.ts";
import { requiredText } from "../model/text.ts";
import { decisionList, decisionOutput } from "./decision-output.ts";
import { defineTool, idField } from "./define.ts";

const Proposed = Candidate.extend({
  name: z.string().max(300).transform(withPrefix).pipe(BehaviorName).describe("behavior_ and snake_case."),
  instruction: Candidate.shape.instruction.describe("What to do, 1 to 3 sentences, at most 600 characters."),
  when: Candidate.shape.when.describe("The situation, in words such a task uses."),
  keywords: Candidate.shape.keywords.describe("Other words of such tasks."),
  topic: Candidate.shape.topic.describe("The field."),
});

export const submitReflectionTool = defineTool({
  name: "submit_reflection",
  title: "Submit a reflection",
  description:
    "Hand in the reflection that reflect_and_extract or self_improve asked for. Each behavior is added, merged with a known " +
    "one, or rejected with the reason. Only general procedures: nothing that answers one task.",
  scope: "write",
  input: z.strictObject({
    reflection_id: idField.describe("From the call that asked."),
    reflection: requiredText(MAX_REFLECTION).describe("Your three parts."),
    behaviors: z.array(Proposed).max(50).describe("May be empty."),
  }),
  output: z.strictObject({ reflection_id: z.string(), decisions: decisionOutput, next: z.string() }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  async run(input, ports, caller) {
    const decisions = await submitReflection(ports, { ...input, ...caller });
    const learned = decisions.filter(({ decision }) => decision !== "reject").length;
    return {
      reflection_id: input.reflection_id,
      decisions: decisionList(decisions),
      next:
        learned === 0
          ? "Nothing was learned this time. Go on with your task."
          : "retrieve_behaviors serves these from now on, but what is held back waits for a person. If self_improve asked, call it again.",
    };
  },
});
