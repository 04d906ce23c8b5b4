import { retrieve } from "../lifecycle/retrieve.ts";
import type { Behavior } from "../model/behavior.ts";
import { cutMiddle } from "../model/text.ts";
import { hookContext } from "../prompts/hook.ts";
import { shareBudget } from "../rules/excerpt.ts";
import { isTaskless } from "../rules/taskless.ts";
import type { HookInput } from "./hook.ts";
import { CLAUDE_CODE_HOOK, taskOf } from "./hook-task.ts";
import { withPorts } from "./open.ts";

/** Every prompt pays for what is put beside it, so fewer than an agent gets that asks. */
const LIMIT = 5;
/** Claude Code puts a context of more than 10,000 characters into a file and shows the model its beginning. */
const MOST_CHARACTERS = 8500; // leaves room for the words around the behaviors

/**
 * Retrieves the behaviors for a prompt and logs the use under the client's conversation. Undefined when the
 * prompt puts no task.
 *
 * The shape is that of a UserPromptSubmit hook. Source: code.claude.com/docs/en/hooks, "UserPromptSubmit decision
 * control"; a top-level `additionalContext` is dropped (anthropics/claude-code#52876).
 */
export async function contextForPrompt({ prompt = "", session_id }: HookInput) {
  const task = taskOf(prompt);
  if (isTaskless(task)) return undefined;
  const { use, behaviors } = await withPorts((ports) =>
    retrieve(ports, { task, limit: LIMIT, conversation: session_id, agent: CLAUDE_CODE_HOOK }),
  );
  return {
    hookSpecificOutput: {
      hookEventName: "UserPromptSubmit",
      additionalContext: hookContext(use.id, shortened(behaviors)),
    },
  };
}

function shortened(behaviors: readonly Behavior[]): Pick<Behavior, "name" | "instruction" | "when">[] {
  const rest = behaviors.reduce((sum, { name, when }) => sum + name.length + when.length, 0);
  const lengths = behaviors.map(({ instruction }) => instruction.length);
  const allowed = shareBudget(lengths, MOST_CHARACTERS - rest);
  return behaviors.map(({ name, instruction, when }, place) => ({
    name,
    instruction: cutMiddle(instruction, allowed[place] ?? 0),
    when,
  }));
}
