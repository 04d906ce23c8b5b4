import type { Ledger } from "../src/ports.ts";
import type { ChatRequest } from "./chat-server.ts";

const TRADES = ["bake", "sail", "weld", "plant", "paint", "carve", "knit"];

/**
 * A strategist that says the same to the same question, and whose proposals depend on what it was shown: every third time it
 * rewords a behavior that the prompt names. So another order of curation ends in another handbook.
 */
export function strategist({ messages }: ChatRequest): string {
  const prompt = messages[0]?.content ?? "";
  const task = /task (\d+)/.exec(prompt)?.[1] ?? "0";
  if (messages.length === 1 && prompt.startsWith("<task>"))
    return `Step by step, ${task} is done. It is ${task}.`;
  if (messages.length === 1) return `1. Fine. 2. None. 3. Something about task ${task}.`;
  const number = Number(task);
  const trade = TRADES[number % TRADES.length];
  const known = [...prompt.matchAll(/^- (behavior_\w+):/gm)].map(([, name]) => name);
  const name = number % 3 === 0 && known[0] !== undefined ? known[0] : `behavior_${trade}_${number}`;
  const instruction = `Before you ${trade}, measure twice, note what ${"very ".repeat(number % 4)}often goes wrong and ${known.length} other things.`;
  return JSON.stringify({ [name]: { instruction, when: `to ${trade} for task` } });
}

/** The behaviors and decisions of a handbook, without ids and times: what two runs that came to the same end share. */
export async function canonical(ledger: Ledger, handbook = "default") {
  const behaviors = await ledger.behaviors(handbook);
  const traces = (await ledger.recentTraces(10_000)).toReversed();
  const tasks = new Map(traces.map(({ id, task }) => [id, task]));
  const decisions = [];
  for (const behavior of behaviors) {
    for (const { provenance } of await ledger.revisions(behavior)) {
      const { reflection_id = "", trace_ids } = provenance;
      decisions.push({
        of: trace_ids.map((id) => tasks.get(id)),
        decisions: (await ledger.decisions(reflection_id)).map(({ candidate, decision, target, reason }) => ({
          candidate,
          decision,
          target,
          reason,
        })),
      });
    }
  }
  return {
    tasks: traces.map(({ task }) => task),
    behaviors: behaviors.map(({ name, instruction, when, status, revision }) => ({
      name,
      instruction,
      when,
      status,
      revision,
    })),
    decisions,
  };
}
