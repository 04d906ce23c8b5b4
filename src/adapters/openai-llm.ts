import OpenAI from "openai";
import { HandbookError } from "../errors.ts";
import { cleanText } from "../model/text.ts";
import type { Llm } from "../ports.ts";

const TIMEOUT_MS = 120_000;

/** A chat model behind any OpenAI-compatible endpoint. Retries what is worth it (429, 5xx, connection) twice. */
export function openaiLlm(options: { baseUrl?: string | undefined; apiKey: string; model: string }): Llm {
  const client = new OpenAI({
    apiKey: options.apiKey,
    timeout: TIMEOUT_MS,
    ...(options.baseUrl && { baseURL: options.baseUrl }),
  });
  return {
    model: options.model,
    async complete(messages, { maxTokens, temperature, seed, signal, traceparent } = {}) {
      const answer = await client.chat.completions
        .create(
          {
            model: options.model,
            messages: [...messages],
            ...(maxTokens !== undefined && { max_tokens: maxTokens }), // what every endpoint but OpenAI's newest takes
            ...(temperature !== undefined && { temperature }),
            ...(seed !== undefined && { seed }),
          },
          { ...(signal && { signal }), ...(traceparent && { headers: { traceparent } }) },
        )
        .catch((error: unknown) => {
          throw unavailable(error);
        });
      const [choice] = answer.choices ?? [];
      const text = cleanText(choice?.message?.content ?? "");
      const isCut = choice?.finish_reason === "length";
      if (text.trim() === "" && !isCut) {
        throw new HandbookError("LLM_BAD_OUTPUT", "the model answered with no text", {
          fix: "Try again, or set HANDBOOK_MODEL to another model",
        });
      }
      const reasoning = reasoningOf(choice?.message);
      return {
        text,
        ...(reasoning !== undefined && { reasoning }),
        isCut,
        input_tokens: answer.usage?.prompt_tokens,
        output_tokens: answer.usage?.completion_tokens,
      };
    },
  };
}

/** vLLM, DeepSeek and others say `reasoning_content`, OpenRouter and newer ones `reasoning`; OpenAI keeps it. */
function reasoningOf(message: object | undefined): string | undefined {
  const { reasoning_content, reasoning }: Record<string, unknown> = { ...message };
  const told = reasoning_content ?? reasoning;
  return typeof told === "string" && told.trim() !== "" ? cleanText(told) : undefined;
}

// The endpoint's own words stay in the cause: they may carry anything, and errors reach models.
function unavailable(cause: unknown): HandbookError {
  const status = cause instanceof OpenAI.APIError ? cause.status : undefined;
  switch (status) {
    case undefined:
      return new HandbookError("LLM_UNAVAILABLE", "the model endpoint does not answer", {
        fix: "Check OPENAI_BASE_URL and that the server is running; nothing was changed",
        cause,
      });
    case 401:
    case 403:
      return new HandbookError("LLM_UNAVAILABLE", `the model endpoint refused the key (HTTP ${status})`, {
        fix: "Check OPENAI_API_KEY; nothing was changed",
        cause,
      });
    case 404:
      return new HandbookError(
        "LLM_UNAVAILABLE",
        "the model endpoint does not know this model or path (HTTP 404)",
        {
          fix: "Check HANDBOOK_MODEL and OPENAI_BASE_URL; nothing was changed",
          cause,
        },
      );
    default:
      return new HandbookError("LLM_UNAVAILABLE", `the model endpoint failed (HTTP ${status})`, {
        fix: "Try again later; nothing was changed",
        cause,
      });
  }
}
