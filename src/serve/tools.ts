import {
  CLIENT_INFO_META_KEY,
  type McpServer,
  type ServerContext,
  TRACEPARENT_META_KEY,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import { describeError, HandbookError } from "../errors.ts";
import type { Access } from "../model/access.ts";
import { cleanText } from "../model/text.ts";
import type { Ports } from "../ports.ts";
import { may } from "../rules/grants.ts";
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
import { soundTraceparent } from "./request-context.ts";
import { oauthScope, type Serving, serve } from "./serving.ts";

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

const MODEL_FACTOR = 5; // a model thinks for minutes where a ledger takes milliseconds

export function registerTools(server: McpServer, serving: Serving, episodes: OpenEpisodes): void {
  for (const tool of LISTED) register(server, serving, episodes, tool);
}

function register(
  server: McpServer,
  serving: Serving,
  episodes: OpenEpisodes,
  { inputSchema, outputSchema, ...tool }: (typeof LISTED)[number],
): void {
  const { name, title, description, annotations } = tool;
  const { access } = serving;
  // Told as HTTP has it, before the call, so that a client can ask for a token that may.
  const scopeChallenge = () =>
    access === undefined || may(access, tool.scope)
      ? undefined
      : { scopes: [oauthScope(tool.scope)] as const };
  server.registerTool(
    name,
    { title, description, inputSchema, outputSchema, annotations, scopeChallenge },
    async (given, context) => {
      const started = performance.now();
      const ended = (outcome: string, result?: Record<string, unknown>) => {
        const served = Array.isArray(result?.behaviors) ? result.behaviors.length : undefined;
        serving.called?.({ tool: name, outcome, ms: performance.now() - started, served });
      };
      try {
        const result = await serving.app.during(callTool(serving, episodes, tool, given, server, context));
        ended("ok", result);
        return { content: [{ type: "text", text: JSON.stringify(result) }], structuredContent: result };
      } catch (error) {
        ended(error instanceof HandbookError ? error.code : "INTERNAL");
        return { content: [{ type: "text", text: errorText(name, error) }], isError: true };
      }
    },
  );
}

/** Runs a tool for its caller, with its caller's ports, in time. */
async function callTool(
  serving: Serving,
  episodes: OpenEpisodes,
  tool: Tool,
  given: Record<string, unknown>,
  server: McpServer,
  context: ServerContext,
): Promise<Record<string, unknown>> {
  const { model } = serving.app.config;
  const asksModel = tool.annotations.openWorldHint && model !== undefined && given.by !== "agent";
  const traceparent = soundTraceparent(context.mcpReq._meta?.[TRACEPARENT_META_KEY]);
  const caller = callerOf(server, context, serving.access);
  return serve(serving, tool.scope, (ports) => runInEpisode(tool, given, ports, caller, episodes), {
    factor: asksModel ? MODEL_FACTOR : 1,
    traceparent,
  });
}

/**
 * The same schema, listed without what says nothing: the dialect (2020-12 is the protocol's default) and the bounds
 * of a safe integer. An agent pays for every character of the list.
 */
function compact(schema: z.ZodObject): z.ZodObject {
  const { jsonSchema, ...standard } = schema["~standard"];
  const short = (convert: typeof jsonSchema.input) => {
    const made = new Map<string, ReturnType<typeof convert>>(); // the SDK asks at every call
    return (options: Parameters<typeof convert>[0]) => {
      const key = JSON.stringify(options);
      const known = made.get(key) ?? withoutNoise(convert(options));
      made.set(key, known);
      return known;
    };
  };
  const listed = {
    ...standard,
    jsonSchema: { input: short(jsonSchema.input), output: short(jsonSchema.output) },
  };
  // The schema's own "~standard" cannot be set; everything else is looked up in the schema itself.
  return Object.create(schema, { "~standard": { value: listed } });
}

function withoutNoise<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema), (key, value) =>
    key === "$schema" || Math.abs(value) === Number.MAX_SAFE_INTEGER ? undefined : value,
  );
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
  ports: Ports,
  caller: Caller,
  episodes: OpenEpisodes,
): Promise<Record<string, unknown>> {
  if (tool.name === retrieveBehaviors.name) {
    const use_id = episodes.goesOnFrom(ports, given);
    const result = await runTool(tool, { ...given, ...(use_id && { use_id }) }, ports, caller);
    await episodes.retrieved(ports, given, use_id, String(result.use_id));
    return result;
  }
  const result = await runTool(tool, given, ports, caller);
  if (tool.name === recordTraceTool.name && typeof given.use_id === "string")
    await episodes.recorded(ports, given.use_id);
  return result;
}

/** Runs a tool on input that its schema has parsed. The answer is checked: a client refuses what is not declared. */
export async function runTool(
  tool: Tool,
  input: Record<string, unknown>,
  ports: Ports,
  caller: Caller,
): Promise<Record<string, unknown>> {
  return tool.output.parse(await tool.run(input, ports, caller));
}

/** What a model may read of an error: our own sentences, or only that something failed. */
export function errorText(name: string, error: unknown): string {
  if (error instanceof HandbookError) return describeError(error);
  logError(`${name}.failed`, error);
  return `INTERNAL: ${name} failed. The server's log says why.`;
}

const ClientInfo = z.object({ name: z.string(), version: z.string() });

/**
 * Who calls: the name of the key, or the subject of the token, and name and version of the client: from the handshake, or from the request itself where there is none (2026-07-28).
 * A client of an older revision over stateless HTTP is nameless.
 */
export function callerOf(server: McpServer, context: ServerContext, access: Access | undefined): Caller {
  const envelope: Record<string, unknown> = { ...context.mcpReq.envelope };
  const info = ClientInfo.safeParse(server.server.getClientVersion() ?? envelope[CLIENT_INFO_META_KEY]);
  const client = info.success ? `${info.data.name} ${info.data.version}` : undefined;
  const agent = access === undefined ? client : client === undefined ? access.by : `${access.by} (${client})`;
  return agent === undefined ? {} : { agent: cleanText(agent).slice(0, 200) };
}
