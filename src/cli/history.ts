import { Command } from "commander";
import { handbookToRead, homeHandbook } from "../lifecycle/handbooks.ts";
import { findBehavior } from "../lifecycle/retrieve.ts";
import { withPrefix } from "../model/behavior.ts";
import { print, withPorts } from "./open.ts";

export function historyCommand(): Command {
  return new Command("history")
    .description("show every revision of a behavior, newest first, with who made it and why")
    .argument("<behavior>", "its name, with or without behavior_")
    .option("--handbook <name>", "the handbook it is in; default: the one that is written to")
    .option("--json", "print JSON")
    .action((given: string, { handbook, json }: { handbook?: string; json?: boolean }) =>
      withPorts(async (ports) => {
        const slug = await handbookToRead(ports.ledger, handbook ?? homeHandbook(ports));
        const { name } = await findBehavior(ports, withPrefix(given), slug);
        const revisions = (await ports.ledger.revisions({ handbook: slug, name })).reverse();
        print(revisions, json, () =>
          revisions
            .map(({ revision, status, created_at, provenance, reason, instruction }) =>
              [
                `revision ${revision}  ${status}  ${created_at}  by ${provenance.agent ?? provenance.author}`,
                `  why: ${reason}`,
                ...(provenance.source === undefined ? [] : [`  from: ${provenance.source}`]),
                `  ${instruction}`,
              ].join("\n"),
            )
            .join("\n\n"),
        );
      }),
    );
}
