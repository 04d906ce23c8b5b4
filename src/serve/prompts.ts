import { completable, type McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import { improve } from "../lifecycle/improve.ts";
import { openReflection } from "../lifecycle/reflect.ts";
import { retrieve } from "../lifecycle/retrieve.ts";
import { requiredText, Ulid } from "../model/text.ts";
import { MAX_TASK } from "../model/trace.ts";
import type { Ports } from "../ports.ts";
import { GUIDANCE, solveText } from "../prompts/solve.ts";
import type { OpenEpisodes } from "./open-episodes.ts";
import { inOurWords, recentTraceIds } from "./resources.ts";
import { type Serving, serve } from "./serving.ts";
import { callerOf } from "./tools.ts";

// Made once: over HTTP each request has a server of its own.
const OneTask = z.object({ task: requiredText(MAX_TASK).describe("The task.") });
const TraceId = Ulid.describe("A trace_id.");

export function registerPrompts(server: McpServer, serving: Serving, episodes: OpenEpisodes): void {
  const { access } = serving;
  const oneTrace = z.object({
    trace_id: completable(Object.create(TraceId) as typeof TraceId, (prefix) =>
      recentTraceIds(serving, prefix),
    ),
  });

  server.registerPrompt(
    "solve_with_behaviors",
    {
      title: "Solve with behaviors",
      description: "A task together with the behaviors that fit it.",
      argsSchema: OneTask,
    },
    async ({ task }, context) => {
      const answer = async (ports: Ports) => {
        const use_id = episodes.goesOnFrom(ports, { task });
        const found = await retrieve(ports, { task, use_id, ...callerOf(server, context, access) });
        await episodes.retrieved(ports, { task }, use_id, found.use.id);
        return found;
      };
      const { use, behaviors } = await serve(serving, "read", answer).catch(inOurWords);
      return message(`${solveText(task, behaviors)}\n\nuse_id: ${use.id}\n${GUIDANCE}`);
    },
  );

  server.registerPrompt(
    "reflect_on_trace",
    {
      title: "Reflect on a trace",
      description: "Look back at a recorded attempt and propose behaviors.",
      argsSchema: oneTrace,
    },
    async ({ trace_id }, context) => {
      const request = { trace_ids: [trace_id], ...callerOf(server, context, access) };
      const open = (ports: Ports) => openReflection(ports, request);
      const { prompt } = await serve(serving, "write", open).catch(inOurWords);
      return message(prompt);
    },
  );

  server.registerPrompt(
    "improve_attempt",
    {
      title: "Improve on an attempt",
      description: "Reflect on a recorded attempt, or make the next one when that is done.",
      argsSchema: oneTrace,
    },
    async ({ trace_id }, context) => {
      const request = { trace_ids: [trace_id], by: "agent" as const, ...callerOf(server, context, access) };
      const goOn = (ports: Ports) => improve(ports, request);
      const state = await serve(serving, "write", goOn).catch(inOurWords);
      if (state.status === "done")
        throw new Error("unreachable: an agent's improvement is never done by the server");
      return message(state.prompt);
    },
  );
}

function message(text: string) {
  return { messages: [{ role: "user" as const, content: { type: "text" as const, text } }] };
}
