import { HandbookError } from "../errors.ts";
import type { LearningJournal } from "../ports/learning.ts";
import type { ChatMessage, Completion, Llm } from "../ports/models.ts";
import type { Tokenizer } from "../ports.ts";

/** The model, with every answer counted and noted as paid. An empty answer is asked for once more. */
export function paid(llm: Llm, tokenizer: Tokenizer, journal: LearningJournal): Llm {
  return {
    model: llm.model,
    async complete(messages, options) {
      const answer = await llm.complete(messages, options).catch((error: unknown) => {
        if (!isBadOutput(error)) throw error;
        return llm.complete(messages, options);
      });
      const counts = {
        input_tokens: answer.input_tokens ?? (await tokenizer.count(messages.map(contentOf).join("\n"))),
        output_tokens:
          answer.output_tokens ?? (await tokenizer.count(`${answer.reasoning ?? ""}${answer.text}`)),
      };
      journal.paid({ input: counts.input_tokens, output: counts.output_tokens });
      return { ...answer, ...counts };
    },
  };
}

function contentOf({ content }: ChatMessage): string {
  return content;
}

export function isBadOutput(error: unknown): boolean {
  return error instanceof HandbookError && error.code === "LLM_BAD_OUTPUT";
}

/** The model for one piece of work, and what that asked and cost, whether paid now or before. */
export function tallied(llm: Llm): { llm: Llm; asked: (readonly ChatMessage[])[]; tokens(): number } {
  const asked: (readonly ChatMessage[])[] = [];
  let tokens = 0;
  return {
    asked,
    tokens: () => tokens,
    llm: {
      model: llm.model,
      async complete(messages, options): Promise<Completion> {
        asked.push(messages);
        const answer = await llm.complete(messages, options);
        tokens += (answer.input_tokens ?? 0) + (answer.output_tokens ?? 0);
        return answer;
      },
    },
  };
}

/**
 * What may still be begun within a budget of tokens. It goes by what was settled, in order, and by estimates of what is under
 * way, so that it says the same however fast answers come. Where work turns out dearer than it was estimated, so do the others.
 */
export class Allowance {
  readonly #budget: number;
  #settled = 0;
  #expected = 0;
  #open = 0;

  constructor(budget = Number.POSITIVE_INFINITY) {
    this.#budget = budget;
  }

  /** Sets tokens aside for a piece of work; false when there are not so many. */
  begin(estimate: number): boolean {
    const dearer = this.#expected === 0 ? 1 : Math.max(1, this.#settled / this.#expected);
    if (this.#settled + (this.#open + estimate) * dearer > this.#budget) return false;
    this.#open += estimate;
    return true;
  }

  /** The work is done and cost so much. */
  settle(estimate: number, cost: number): void {
    this.#open -= estimate;
    this.note(estimate, cost);
  }

  /** It was done before, and cost so much. */
  note(estimate: number, cost: number): void {
    this.#expected += estimate;
    this.#settled += cost;
  }
}
