import { CLIENT_INFO_META_KEY, type McpServer, type ServerContext } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { App } from "../app.ts";
import { describeError, HandbookError } from "../errors.ts";
import { cleanText } from "../model/text.ts";
import type { Caller, Tool } from "../tools/define.ts";
import { editBehavior } from "../tools/edit-behavior.ts";
import { handbookReport } from "../tools/handbook-report.ts";
import { recordTraceTool } from "../tools/record-trace.ts";
import { reflectAndExtract } from "../tools/reflect-and-extract.ts";
import { reportOutcome } from "../tools/report-outcome.ts";
import { retrieveBehaviors } from "../tools/retrieve-behaviors.ts";
import { selfImprove } from "../tools/self-improve.ts";
import { submitReflectionTool } from "../tools/submit-reflection.ts";
import { logError } from "./log.ts";
import type { OpenEpisodes } from "./open-episodes.ts";

/** All tools, in the order of the loop. */
export const TOOLS = [
  retrieveBehaviors,
  recordTraceTool,
  reportOutcome,
  reflectAndExtract,
  submitReflectionTool,
  selfImprove,
  editBehavior,
  handbookReport,
] as const satisfies readonly { name: string }[];

export function registerTools(server: McpServer, app: App, episodes: OpenEpisodes): void {
  for (const tool of LISTED) register(server, app, episodes, tool);
}

function register(
  server: McpServer,
  app: App,
  episodes: OpenEpisodes,
  { inputSchema, outputSchema, ...tool }: (typeof LISTED)[number],
): void {
  const { name, title, description, annotations } = tool;
  server.registerTool(
    name,
    { title, description, inputSchema, outputSchema, annotations },
    async (given, context) => {
      try {
        const caller = callerOf(server, context);
        const result = await app.during(runInEpisode(tool, given, app, caller, episodes));
        return { content: [{ type: "text", text: JSON.stringify(result) }], structuredContent: result };
      } catch (error) {
        return { content: [{ type: "text", text: errorText(tool.name, error) }], isError: true };
      }
    },
  );
}

/**
 * The same schema, listed without what says nothing: the dialect (2020-12 is the protocol's default) and the bounds
 * of a safe integer. An agent pays for every character of the list.
 */
function compact(schema: z.ZodObject): z.ZodObject {
  const { jsonSchema, ...standard } = schema["~standard"];
  const short = (convert: typeof jsonSchema.input) => (options: Parameters<typeof convert>[0]) =>
    JSON.parse(JSON.stringify(convert(options)), (key, value) =>
      key === "$schema" || Math.abs(value) === Number.MAX_SAFE_INTEGER ? undefined : value,
    );
  const listed = {
    ...standard,
    jsonSchema: { input: short(jsonSchema.input), output: short(jsonSchema.output) },
  };
  // The schema's own "~standard" cannot be set; everything else is looked up in the schema itself.
  return Object.create(schema, { "~standard": { value: listed } });
}

/** Made once: over HTTP each request has a server of its own. */
const LISTED = (TOOLS as unknown as readonly Tool[]).map((tool) => ({
  ...tool,
  inputSchema: compact(tool.input),
  outputSchema: compact(tool.output),
}));

/** Runs a tool, with what the connection knows of its open tasks. */
async function runInEpisode(
  tool: Tool,
  given: Record<string, unknown>,
  app: App,
  caller: Caller,
  episodes: OpenEpisodes,
): Promise<Record<string, unknown>> {
  if (tool.name === retrieveBehaviors.name) {
    const use_id = episodes.goesOnFrom(given);
    const result = await runTool(tool, { ...given, ...(use_id && { use_id }) }, app, caller);
    await episodes.retrieved(await app.ports(), given, use_id, String(result.use_id));
    return result;
  }
  const result = await runTool(tool, given, app, caller);
  if (tool.name === recordTraceTool.name && typeof given.use_id === "string")
    await episodes.recorded(await app.ports(), given.use_id);
  return result;
}

/** Runs a tool on input that its schema has parsed. The answer is checked: a client refuses what is not declared. */
export async function runTool(
  tool: Tool,
  input: Record<string, unknown>,
  app: App,
  caller: Caller,
): Promise<Record<string, unknown>> {
  return tool.output.parse(await tool.run(input, await app.ports(), caller));
}

/** What a model may read of an error: our own sentences, or only that something failed. */
export function errorText(name: string, error: unknown): string {
  if (error instanceof HandbookError) return describeError(error);
  logError(`${name}.failed`, error);
  return `INTERNAL: ${name} failed. The server's log says why.`;
}

const ClientInfo = z.object({ name: z.string(), version: z.string() });

/**
 * Name and version of the client: from the handshake, or from the request itself where there is none (2026-07-28).
 * A client of an older revision over stateless HTTP is nameless.
 */
export function callerOf(server: McpServer, context: ServerContext): Caller {
  const envelope: Record<string, unknown> = { ...context.mcpReq.envelope };
  const info = ClientInfo.safeParse(server.server.getClientVersion() ?? envelope[CLIENT_INFO_META_KEY]);
  return info.success ? { agent: cleanText(`${info.data.name} ${info.data.version}`).slice(0, 200) } : {};
}
