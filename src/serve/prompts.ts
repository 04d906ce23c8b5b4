import { completable, type McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { App } from "../app.ts";
import { improve } from "../lifecycle/improve.ts";
import { openReflection } from "../lifecycle/reflect.ts";
import { retrieve } from "../lifecycle/retrieve.ts";
import { requiredText, Ulid } from "../model/text.ts";
import { MAX_TASK } from "../model/trace.ts";
import { GUIDANCE, solveText } from "../prompts/solve.ts";
import type { OpenEpisodes } from "./open-episodes.ts";
import { inOurWords, recentTraceIds } from "./resources.ts";
import { callerOf } from "./tools.ts";

export function registerPrompts(server: McpServer, app: App, episodes: OpenEpisodes): void {
  const trace_id = completable(Ulid.describe("A trace_id."), (prefix) => recentTraceIds(app, prefix));

  server.registerPrompt(
    "solve_with_behaviors",
    {
      title: "Solve with behaviors",
      description: "A task together with the behaviors that fit it.",
      argsSchema: z.object({ task: requiredText(MAX_TASK).describe("The task.") }),
    },
    async ({ task }, context) => {
      const ports = await app.ports();
      const use_id = episodes.goesOnFrom({ task });
      const asked = { task, use_id, ...callerOf(server, context) };
      const { use, behaviors } = await retrieve(ports, asked).catch(inOurWords);
      await episodes.retrieved(ports, { task }, use_id, use.id);
      return message(`${solveText(task, behaviors)}\n\nuse_id: ${use.id}\n${GUIDANCE}`);
    },
  );

  server.registerPrompt(
    "reflect_on_trace",
    {
      title: "Reflect on a trace",
      description: "Look back at a recorded attempt and propose behaviors.",
      argsSchema: z.object({ trace_id }),
    },
    async ({ trace_id }, context) => {
      const request = { trace_ids: [trace_id], ...callerOf(server, context) };
      const { prompt } = await openReflection(await app.ports(), request).catch(inOurWords);
      return message(prompt);
    },
  );

  server.registerPrompt(
    "improve_attempt",
    {
      title: "Improve on an attempt",
      description: "Reflect on a recorded attempt, or make the next one when that is done.",
      argsSchema: z.object({ trace_id }),
    },
    async ({ trace_id }, context) => {
      const request = { trace_ids: [trace_id], by: "agent" as const, ...callerOf(server, context) };
      const state = await improve(await app.ports(), request).catch(inOurWords);
      if (state.status === "done")
        throw new Error("unreachable: an agent's improvement is never done by the server");
      return message(state.prompt);
    },
  );
}

function message(text: string) {
  return { messages: [{ role: "user" as const, content: { type: "text" as const, text } }] };
}
