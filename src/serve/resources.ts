import {
  type McpServer,
  ProtocolError,
  ResourceNotFoundError,
  ResourceTemplate,
  type Variables,
} from "@modelcontextprotocol/server";
import { HandbookError } from "../errors.ts";
import { homeHandbook } from "../lifecycle/handbooks.ts";
import type { Behavior } from "../model/behavior.ts";
import type { Ports } from "../ports.ts";
import { logError } from "./log.ts";
import { behaviorMarkdown, handbookMarkdown, traceMarkdown } from "./markdown.ts";
import type { OpenEpisodes } from "./open-episodes.ts";
import { type Serving, serve } from "./serving.ts";

const MARKDOWN = "text/markdown";
const COMPLETIONS = 100; // the protocol's own limit
const RECENT_TRACES = 50;

export function registerResources(server: McpServer, serving: Serving, episodes: OpenEpisodes): void {
  const reading =
    <A extends unknown[], R>(read: (ports: Ports, ...given: A) => Promise<R>) =>
    (...given: A) =>
      serve(serving, "read", (ports) => read(ports, ...given)).catch(inOurWords);
  const handbooks = reading(async ({ ledger }, prefix: string) => {
    const known = await ledger.handbooks();
    return startingWith(
      prefix,
      known.map(({ slug }) => slug),
    );
  });
  const behaviors = reading(async (ports, prefix: string, handbook: string | undefined) => {
    const known = await readableBehaviors(ports, handbook ?? homeHandbook(ports), episodes);
    return startingWith(
      prefix,
      known.map(({ name }) => name),
    );
  });

  server.registerResource(
    "handbook",
    new ResourceTemplate("handbook://{handbook}", {
      list: reading(async ({ ledger }) => ({
        resources: (await ledger.handbooks()).map(({ slug, description }) => ({
          uri: `handbook://${slug}`,
          name: slug,
          mimeType: MARKDOWN,
          ...(description !== undefined && { description }),
        })),
      })),
      complete: { handbook: handbooks },
    }),
    { title: "Handbook", description: "All behaviors of a handbook, by topic.", mimeType: MARKDOWN },
    reading(async (ports, uri: URL, { handbook }: Variables) => {
      const found = await ports.ledger.handbook(String(handbook));
      if (found === undefined) throw new ResourceNotFoundError(uri.href);
      return content(uri, handbookMarkdown(found, await readableBehaviors(ports, found.slug, episodes)));
    }),
  );

  server.registerResource(
    "behavior",
    new ResourceTemplate("behavior://{handbook}/{name}", {
      list: undefined,
      complete: {
        handbook: handbooks,
        name: (prefix, context) => behaviors(prefix, context?.arguments?.handbook),
      },
    }),
    {
      title: "Behavior",
      description: "One behavior with its long form and its history's head.",
      mimeType: MARKDOWN,
    },
    reading(async (ports, uri: URL, { handbook, name }: Variables) => {
      const found = await ports.ledger.behavior({ handbook: String(handbook), name: String(name) });
      if (found === undefined || (await episodes.withholds(ports))(found))
        throw new ResourceNotFoundError(uri.href);
      return content(uri, behaviorMarkdown(found));
    }),
  );

  server.registerResource(
    "trace",
    new ResourceTemplate("trace://{id}", {
      list: undefined,
      complete: { id: (prefix) => recentTraceIds(serving, prefix) },
    }),
    { title: "Trace", description: "One recorded attempt, without its secrets.", mimeType: MARKDOWN },
    reading(async ({ ledger }, uri: URL, { id }: Variables) => {
      const [found] = await ledger.traces([String(id)]);
      if (found === undefined) throw new ResourceNotFoundError(uri.href);
      return content(uri, traceMarkdown(found));
    }),
  );
}

/** The behaviors of a handbook but those that are withheld from a task which is open. */
export async function readableBehaviors(
  ports: Ports,
  handbook: string,
  episodes: OpenEpisodes,
): Promise<Behavior[]> {
  const isWithheld = await episodes.withholds(ports);
  return (await ports.ledger.behaviors(handbook)).filter((behavior) => !isWithheld(behavior));
}

/** Ids of the newest traces that start so, newest first. */
export async function recentTraceIds(serving: Serving, prefix = ""): Promise<string[]> {
  const read = ({ ledger }: Ports) => ledger.recentTraces(RECENT_TRACES);
  const recent = await serve(serving, "read", read).catch(inOurWords);
  return startingWith(
    prefix,
    recent.map(({ id }) => id),
  );
}

function startingWith(prefix: string, values: readonly string[]): string[] {
  return values.filter((value) => value.startsWith(prefix)).slice(0, COMPLETIONS);
}

function content(uri: URL, text: string) {
  return { contents: [{ uri: uri.href, mimeType: MARKDOWN, text }] };
}

/** Errors reach a client of resources and prompts in our own words, or say only that something failed. */
export function inOurWords(error: unknown): never {
  if (error instanceof HandbookError) throw new Error(`${error.message}. ${error.fix}`);
  if (error instanceof ProtocolError) throw error;
  logError("read.failed", error);
  throw new Error("INTERNAL: this failed. The server's log says why.");
}
