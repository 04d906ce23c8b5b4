import type { McpServer } from "@modelcontextprotocol/server";
import { SkillsExtension, skillEntry } from "@modelcontextprotocol/server/ext/skills";
import type { Handbook } from "../model/handbook.ts";
import type { Ports } from "../ports.ts";
import { handbookMarkdown } from "./markdown.ts";
import type { OpenEpisodes } from "./open-episodes.ts";
import { inOurWords, readableBehaviors } from "./resources.ts";
import { type Serving, serve } from "./serving.ts";

const FILE = "SKILL.md";
const MAX_DESCRIPTION = 1024; // by the specification of Agent Skills

/** Serves every handbook as a skill of its own (SEP-2640), as it is when it is asked for. */
export function registerSkills(server: McpServer, serving: Serving, episodes: OpenEpisodes): void {
  const reading = <R>(read: (ports: Ports) => Promise<R>) => serve(serving, "read", read).catch(inOurWords);
  const textOf = async (ports: Ports, handbook: Handbook) =>
    skillText(handbook, handbookMarkdown(handbook, await readableBehaviors(ports, handbook.slug, episodes)));
  const at = (uri: string) =>
    reading(async (ports) => {
      const slug = /^skill:\/\/([a-z0-9-]+)\/SKILL\.md$/.exec(uri)?.[1];
      const handbook = slug === undefined ? undefined : await ports.ledger.handbook(slug);
      return handbook && { slug: handbook.slug, text: await textOf(ports, handbook) };
    });
  const entry = (slug: string, text: string) => skillEntry(slug, { [FILE]: text });
  const skills = new SkillsExtension({
    source: {
      list: () =>
        reading(async (ports) => {
          const handbooks = await ports.ledger.handbooks();
          return {
            skills: await Promise.all(
              handbooks.map(async (handbook) => entry(handbook.slug, await textOf(ports, handbook))),
            ),
          };
        }),
      async get(uri) {
        const found = await at(uri);
        return found && entry(found.slug, found.text);
      },
      async read(uri) {
        const found = await at(uri);
        return found && { text: found.text, mimeType: "text/markdown" };
      },
    },
  });
  skills.attach(server);
}

/** JSON strings are YAML. */
function skillText({ slug, description }: Handbook, body: string): string {
  const about = description ?? `Short procedures that worked before, from the handbook "${slug}".`;
  const use = `${about} Read it before a task of its kind.`.slice(0, MAX_DESCRIPTION);
  return `---\nname: ${slug}\ndescription: ${JSON.stringify(use)}\n---\n\n${body}\n`;
}
