import type { TrainingRow } from "../lifecycle/compose.ts";
import { replyText, type Thinking } from "../rules/training/reply.ts";

/** `sft`: OpenAI's chat JSONL. `sharegpt`, `alpaca`: JSON arrays. `dpo`: JSONL of prompt, chosen, rejected. */
export const TRAINING_FORMATS = ["sft", "sharegpt", "alpaca", "dpo"] as const;
export type TrainingFormat = (typeof TRAINING_FORMATS)[number];

/** `field`: the thinking in a field of its own beside the content, as some trainers take it (`reasoning_content`). */
export type ThinkingLayout = Thinking | "field";

/** A file in parts: JSONL, or a JSON array with an element a line. */
export async function* trainingFile(
  rows: AsyncIterable<TrainingRow>,
  format: TrainingFormat,
  layout: ThinkingLayout,
): AsyncGenerator<string> {
  const isArray = format === "sharegpt" || format === "alpaca";
  let count = 0;
  for await (const row of rows) {
    const json = JSON.stringify(rowOf(row, format, layout));
    yield isArray ? `${count === 0 ? "[" : ","}\n${json}` : `${json}\n`;
    count++;
  }
  if (isArray) yield count === 0 ? "[]\n" : "\n]\n";
}

function rowOf({ prompt, replies }: TrainingRow, format: TrainingFormat, layout: ThinkingLayout): object {
  const texts = replies.map((reply) => replyText(reply, layout === "field" ? "drop" : layout));
  const [text = "", worse = ""] = texts;
  const reasoning = layout === "field" ? replies[0]?.reasoning : undefined;
  switch (format) {
    case "sft":
      return {
        messages: [
          { role: "user", content: prompt },
          { role: "assistant", ...(reasoning && { reasoning_content: reasoning }), content: text },
        ],
      };
    case "sharegpt":
      return {
        conversations: [
          { from: "human", value: prompt },
          { from: "gpt", value: text },
        ],
      };
    case "alpaca":
      return { instruction: prompt, input: "", output: text };
    case "dpo":
      return { prompt, chosen: text, rejected: worse };
  }
}
