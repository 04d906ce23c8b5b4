import type { Answer, ChatRequest } from "./chat-server.ts";

/** What the student has to know to be quick. */
export const SKILL = "behavior_sum_of_squares";
export const PROBLEMS = 8;

/** Problem k takes a plain student 1,000 k tokens, and half of that with the skill in the prompt. */
export function problemRows(): object[] {
  return Array.from({ length: PROBLEMS }, (_, i) => ({
    id: `p${i + 1}`,
    question: `Find the sum of the squares of ${i + 1} and 10.`,
    answer: String((i + 1) ** 2 + 100),
    subject: "algebra",
  }));
}

export const HANDBOOK_FILE = {
  format: "behavior-handbook/1",
  handbook: "default",
  behaviors: [
    {
      name: SKILL,
      instruction: "Square each number by itself, then add the squares.",
      when: "find the sum of the squares of two numbers",
      keywords: ["sum", "squares"],
      topic: "algebra",
    },
  ],
};

/**
 * A model of which all is known: it thinks as long as the problem takes, or to the end of its budget, where its answer is
 * missing. A critique takes 300 tokens and mends what was not more than twice too long. Reflections take 50 tokens each and
 * teach the skill.
 */
export function student({ messages, max_tokens = Number.POSITIVE_INFINITY, model }: ChatRequest): Answer {
  const prompt = messages.map(({ content }) => content).join("\n");
  const usage = (completion_tokens: number) => ({
    prompt_tokens: prompt.includes(SKILL) ? 150 : 100,
    completion_tokens,
  });
  if (prompt.startsWith("Look back at"))
    return messages.length === 1
      ? { text: "1. It is long. 2. A skill. 3. One.", usage: usage(50) }
      : { text: JSON.stringify({ [SKILL]: "Square each, then add." }), usage: usage(50) };
  const k = Number(/squares of (\d+) and 10/.exec(prompt)?.[1]);
  const right = `Adding up, \\boxed{${k ** 2 + 100}}.`;
  if (prompt.includes("First criticize it"))
    return { text: 1000 * k <= 2 * max_tokens ? right : "I see no error: \\boxed{0}", usage: usage(300) };
  const isSkilled = prompt.includes(SKILL) || model === "tuned";
  const needed = isSkilled ? 500 * k : 1000 * k;
  return needed <= max_tokens
    ? { text: right, reasoning: "Hm.", usage: usage(needed) }
    : { text: "", reasoning: `${k} times`, finish: "length", usage: usage(max_tokens) };
}
