import * as z from "zod";
import { reflectAndCurate } from "../lifecycle/curate.ts";
import { openReflection, reflector } from "../lifecycle/reflect.ts";
import { decisionList, decisionOutput } from "./decision-output.ts";
import { defineTool, handbookField, idField } from "./define.ts";

export const reflectAndExtract = defineTool({
  name: "reflect_and_extract",
  title: "Reflect and extract behaviors",
  description:
    "Draw behaviors from recorded traces, after record_trace or when you have time. With status awaiting_agent, follow the " +
    "prompt and hand the result to submit_reflection; with status done, the server's own model did it.",
  scope: "write",
  input: z.strictObject({
    trace_ids: z.array(idField).max(50).optional().describe("None: the server picks those most worth it."),
    by: z
      .enum(["auto", "server", "agent"])
      .default("auto")
      .describe("Who reflects; auto: the server if it has a model."),
    handbook: handbookField,
  }),
  output: z.strictObject({
    reflection_id: z.string(),
    status: z.enum(["done", "awaiting_agent"]),
    decisions: decisionOutput.optional(),
    prompt: z.string().optional(),
  }),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  async run({ by, ...input }, ports, caller) {
    const request = { ...input, ...caller };
    if (reflector(ports, by) === "agent") {
      const { reflection, prompt } = await openReflection(ports, request);
      return { reflection_id: reflection.id, status: "awaiting_agent" as const, prompt };
    }
    const { reflection, decisions } = await reflectAndCurate(ports, request);
    return { reflection_id: reflection.id, status: "done" as const, decisions: decisionList(decisions) };
  },
});
