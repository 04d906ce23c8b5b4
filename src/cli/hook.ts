import { Command } from "commander";
import * as z from "zod";
import { describeError, HandbookError } from "../errors.ts";

/** The client gives up after its own timeout; whoever waits here is a person in front of a prompt. */
const LIMIT_MS = 8000;
const STDIN_LIMIT_MS = 2000;

/** What a client hands to a hook. Source: code.claude.com/docs/en/hooks, "Common input fields". */
export const HookInput = z.object({
  session_id: z.string().min(1).max(200),
  transcript_path: z.string().optional(),
  prompt: z.string().optional().describe("UserPromptSubmit: what the user submitted."),
  last_assistant_message: z.string().nullish().describe("Stop: the text of the final answer."),
});
export type HookInput = z.infer<typeof HookInput>;

/**
 * A hook must never break the session it serves: exit code 2 would reject the user's prompt, others show up as errors.
 * So it takes any arguments, and ends with 0 whatever happens.
 */
export function hookCommand(): Command {
  return new Command("hook")
    .description("answer a hook of a client; `init claude-code` sets this up")
    .argument("[event...]", "prompt: retrieve behaviors for it; stop: record the trace of the turn")
    .allowUnknownOption()
    .action(async ([event]: string[]) => {
      const end = (problem: unknown) => {
        console.error(`handbook hook ${event ?? ""}: ${described(problem)}`.replace(/\s*\n\s*/g, " "));
        process.exit(0);
      };
      process.on("uncaughtException", end).on("unhandledRejection", end);
      const limit = setTimeout(() => end(`gave up after ${LIMIT_MS / 1000} s`), LIMIT_MS);
      try {
        await answer(event);
      } catch (error) {
        end(error);
      } finally {
        clearTimeout(limit);
      }
    });
}

async function answer(event: string | undefined): Promise<void> {
  if (event !== "prompt" && event !== "stop") throw invalid("there is no such hook", "Use prompt or stop");
  const input = parse(await stdin());
  if (event === "prompt") {
    const { contextForPrompt } = await import("./hook-prompt.ts");
    const output = await contextForPrompt(input);
    if (output !== undefined) await write(`${JSON.stringify(output)}\n`);
  } else {
    const { recordTurn } = await import("./hook-stop.ts");
    await recordTurn(input);
  }
}

function stdin(): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY) throw invalid("it reads the client's JSON from stdin", "Let the client start it");
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const limit = setTimeout(
      () => reject(invalid("the client's JSON did not end", "Close stdin after it")),
      STDIN_LIMIT_MS,
    );
    stdin.on("data", (chunk: Buffer) => chunks.push(chunk));
    stdin.on("error", reject);
    stdin.on("end", () => {
      clearTimeout(limit);
      resolve(Buffer.concat(chunks).toString());
    });
  });
}

function parse(text: string): HookInput {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid("stdin has no JSON", "Let the client start it");
  }
  const parsed = HookInput.safeParse(json);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join(".") || "it";
  throw invalid(
    `the client's JSON is not as its documentation says: ${field}`,
    "Report the client's version",
  );
}

function invalid(message: string, fix: string): HandbookError {
  return new HandbookError("INVALID_INPUT", message, { fix });
}

function described(problem: unknown): string {
  if (problem instanceof HandbookError) return describeError(problem);
  return problem instanceof Error ? `${problem.name}: ${problem.message}` : String(problem);
}

function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
