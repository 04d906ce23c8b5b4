import { writeFileSync } from "node:fs";
import { Command, Option } from "commander";
import { HANDBOOK_FORMAT, type HandbookFile } from "../adapters/handbook-json-reader.ts";
import { HandbookError } from "../errors.ts";
import { handbookToRead, homeHandbook } from "../lifecycle/handbooks.ts";
import { handbookMarkdown } from "../serve/markdown.ts";
import { withPorts } from "./open.ts";

export function exportCommand(): Command {
  return new Command("export")
    .description("write a handbook: as JSON for `handbook import`, or as Markdown for people")
    .argument("[file]", "where to; without it, stdout")
    .option("--handbook <name>", "the handbook; default: the one that is written to")
    .addOption(
      new Option("--format <format>", "json or markdown").choices(["json", "markdown"]).default("json"),
    )
    .action(
      (file: string | undefined, { handbook, format }: { handbook?: string; format: "json" | "markdown" }) =>
        withPorts(async ({ ledger, settings }) => {
          const found = await ledger.handbook(
            await handbookToRead(ledger, handbook ?? homeHandbook({ settings })),
          );
          if (found === undefined) return;
          const behaviors = await ledger.behaviors(found.slug);
          const exported: HandbookFile = {
            format: HANDBOOK_FORMAT,
            handbook: found.slug,
            ...(found.description !== undefined && { description: found.description }),
            behaviors: behaviors.map(({ name, status, instruction, when, keywords, topic, detail }) => ({
              name,
              status,
              instruction,
              when,
              keywords,
              ...(topic !== undefined && { topic }),
              ...(detail !== undefined && { detail }),
            })),
          };
          const text =
            format === "json" ? JSON.stringify(exported, null, 2) : handbookMarkdown(found, behaviors);
          if (file === undefined) return void process.stdout.write(`${text}\n`);
          try {
            writeFileSync(file, `${text}\n`);
          } catch (cause) {
            throw new HandbookError("BAD_FILE", `cannot write ${file}`, {
              fix: "Name a file that can be written",
              cause,
            });
          }
          console.error(`Wrote ${behaviors.length} behaviors of "${found.slug}" to ${file}`);
        }),
    );
}
