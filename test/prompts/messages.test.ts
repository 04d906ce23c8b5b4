import { expect, test } from "vitest";
import { extractMessages } from "../../src/prompts/extract.ts";
import { agentImproveText } from "../../src/prompts/improve.ts";
import { agentReflectText, reflectMessages } from "../../src/prompts/reflect.ts";
import { solveText } from "../../src/prompts/solve.ts";

// Bump the prompt's version when one of these changes: behaviors point to the version that made them.
const attempt = {
  task: "What is 2 + 2?",
  reasoning: "Two and two make five.",
  answer: "5",
  outcome: "failure" as const,
  evidence: "checker" as const,
};
const known = {
  handbook: "default",
  name: "behavior_count_again",
  revision: 1,
  status: "active" as const,
  instruction: "Count a second time\nin another way.",
  when: "A sum of small numbers",
  keywords: [],
  provenance: { author: "reflection" as const, trace_ids: [] },
  reason: "",
  created_at: "2026-11-21T10:00:00.000Z",
};

test("the reflection and extraction prompts are these", async () => {
  const messages = reflectMessages([attempt], [known]);
  const conversation = extractMessages([...messages, { role: "assistant", content: "(reflection)" }]);
  const text = conversation.map(({ role, content }) => `## ${role}\n\n${content}`).join("\n\n");
  await expect(`${text}\n`).toMatchFileSnapshot("reflect-and-extract.txt");
});

test("the prompts of an agent are these", async () => {
  const text = [
    agentReflectText("01ARZ3NDEKTSV4RRFFQ69G5FAV", [attempt], []),
    solveText(attempt.task, []),
    agentImproveText(attempt.task, [known], "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
  ].join("\n\n---\n\n");
  await expect(`${text}\n`).toMatchFileSnapshot("agent.txt");
});
