import { type McpServer, ResourceNotFoundError, ResourceTemplate } from "@modelcontextprotocol/server";
import type { App } from "../app.ts";
import { HandbookError } from "../errors.ts";
import { behaviorMarkdown, handbookMarkdown, traceMarkdown } from "./markdown.ts";
import type { OpenEpisodes } from "./open-episodes.ts";

const MARKDOWN = "text/markdown";
const COMPLETIONS = 100; // the protocol's own limit
const RECENT_TRACES = 50;

export function registerResources(server: McpServer, app: App, episodes: OpenEpisodes): void {
  const handbooks = async (prefix: string) => {
    const known = await (await app.ports()).ledger.handbooks();
    return startingWith(
      prefix,
      known.map(({ slug }) => slug),
    );
  };
  const readable = async (handbook: string) => {
    const ports = await app.ports();
    const isWithheld = await episodes.withholds(ports);
    return (await ports.ledger.behaviors(handbook)).filter((behavior) => !isWithheld(behavior));
  };
  const behaviors = async (prefix: string, handbook: string | undefined) => {
    const known = await readable(handbook ?? "default");
    return startingWith(
      prefix,
      known.map(({ name }) => name),
    );
  };

  server.registerResource(
    "handbook",
    new ResourceTemplate("handbook://{handbook}", {
      list: async () => ({
        resources: (await (await app.ports()).ledger.handbooks()).map(({ slug, description }) => ({
          uri: `handbook://${slug}`,
          name: slug,
          mimeType: MARKDOWN,
          ...(description !== undefined && { description }),
        })),
      }),
      complete: { handbook: handbooks },
    }),
    { title: "Handbook", description: "All behaviors of a handbook, by topic.", mimeType: MARKDOWN },
    async (uri, { handbook }) => {
      const { ledger } = await app.ports();
      const found = await ledger.handbook(String(handbook));
      if (found === undefined) throw new ResourceNotFoundError(uri.href);
      return content(uri, handbookMarkdown(found, await readable(found.slug)));
    },
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
    async (uri, { handbook, name }) => {
      const ports = await app.ports();
      const found = await ports.ledger.behavior({ handbook: String(handbook), name: String(name) });
      if (found === undefined || (await episodes.withholds(ports))(found))
        throw new ResourceNotFoundError(uri.href);
      return content(uri, behaviorMarkdown(found));
    },
  );

  server.registerResource(
    "trace",
    new ResourceTemplate("trace://{id}", {
      list: undefined,
      complete: { id: (prefix) => recentTraceIds(app, prefix) },
    }),
    { title: "Trace", description: "One recorded attempt, without its secrets.", mimeType: MARKDOWN },
    async (uri, { id }) => {
      const [found] = await (await app.ports()).ledger.traces([String(id)]);
      if (found === undefined) throw new ResourceNotFoundError(uri.href);
      return content(uri, traceMarkdown(found));
    },
  );
}

/** Ids of the newest traces that start so, newest first. */
export async function recentTraceIds(app: App, prefix: string | undefined): Promise<string[]> {
  const recent = await (await app.ports()).ledger.recentTraces(RECENT_TRACES);
  return startingWith(
    prefix ?? "",
    recent.map(({ id }) => id),
  );
}

function startingWith(prefix: string, values: readonly string[]): string[] {
  return values.filter((value) => value.startsWith(prefix)).slice(0, COMPLETIONS);
}

function content(uri: URL, text: string) {
  return { contents: [{ uri: uri.href, mimeType: MARKDOWN, text }] };
}

/** Our errors reach a client of resources and prompts in our own words. */
export function inOurWords(error: unknown): never {
  if (error instanceof HandbookError) throw new Error(`${error.message}. ${error.fix}`);
  throw error;
}
