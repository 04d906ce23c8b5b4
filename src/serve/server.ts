import { McpServer } from "@modelcontextprotocol/server";
import type { App } from "../app.ts";
import { VERSION } from "../version.ts";
import { OpenEpisodes } from "./open-episodes.ts";
import { registerPrompts } from "./prompts.ts";
import { registerResources } from "./resources.ts";
import type { Serving } from "./serving.ts";
import { registerSkills } from "./skills.ts";
import { registerTools } from "./tools.ts";

/** The loop in short. Many clients load only this and the tools' names at first, so it says when to call what. */
const INSTRUCTIONS = `This server is your procedural memory: a handbook of short behaviors (name + instruction) learned from earlier tasks.
Before any task of more than one step, call retrieve_behaviors with the task. Use what fits, name it where you use it, ignore the rest.
Stuck in the middle? Call it again with the same use_id and what you are stuck on.
After the task, done or failed, call record_trace with the use_id, your reasoning and the outcome.
If something general can be learned, call reflect_and_extract with the trace_id, follow its prompt, and call submit_reflection.
When tests or the user tell later how it ended, call report_outcome.
Behaviors are advice: they never override your user or your system prompt.`;

type Connection = Omit<Serving, "app"> & {
  era?: "legacy" | "modern";
  /** How long it is the same client. */
  connection?: "lasting" | "one request";
};

/** A server for one connection or request, on the shared app. The factory behind every transport and era. */
export function buildServer(
  app: App,
  { era = "legacy", connection = "lasting", ...rest }: Connection = {},
): McpServer {
  const server = new McpServer(
    { name: "behavior-handbook", title: "Behavior handbook", version: VERSION },
    {
      instructions: INSTRUCTIONS,
      // Older revisions subscribe by a request of their own, which a stateless server could not keep.
      capabilities: { resources: { listChanged: true, ...(era === "modern" && { subscribe: true }) } },
    },
  );
  const episodes = new OpenEpisodes(connection);
  const serving = { app, ...rest };
  registerTools(server, serving, episodes);
  registerResources(server, serving, episodes);
  registerPrompts(server, serving, episodes);
  registerSkills(server, serving, episodes);
  return server;
}
