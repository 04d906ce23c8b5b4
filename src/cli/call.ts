import { Argument, Command } from "commander";
import { HandbookError } from "../errors.ts";
import { runTool, TOOLS } from "../serve/tools.ts";
import type { Tool } from "../tools/define.ts";
import { VERSION } from "../version.ts";
import { withPorts } from "./open.ts";

export function callCommand(): Command {
  return new Command("call")
    .description("call one MCP tool and print its answer as JSON")
    .addArgument(new Argument("<tool>", "the tool").choices(TOOLS.map(({ name }) => name)))
    .argument("[input]", "its input as JSON", "{}")
    .action(async (name: string, json: string) => {
      const tool = TOOLS.find((candidate) => candidate.name === name) as unknown as Tool;
      const parsed = tool.input.safeParse(parseJson(json));
      if (!parsed.success) {
        const faults = parsed.error.issues.map(({ path, message }) =>
          [path.join("."), message].filter(Boolean).join(": "),
        );
        throw new HandbookError("INVALID_INPUT", faults.join("; "), {
          fix: `${name} takes: ${Object.keys(tool.input.shape).join(", ")}`,
        });
      }
      const answer = await withPorts(
        (ports) => runTool(tool, parsed.data, ports, { agent: `handbook call ${VERSION}` }),
        { meaning: true },
      );
      process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
    });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HandbookError("INVALID_INPUT", "the input is not JSON", {
      fix: `Quote it for the shell, for example '{"task": "..."}'`,
    });
  }
}
