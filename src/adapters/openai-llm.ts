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
    async complete(messages, { signal, traceparent } = {}) {
      const answer = await client.chat.completions
        .create(
          { model: options.model, messages: [...messages] },
          { ...(signal && { signal }), ...(traceparent && { headers: { traceparent } }) },
        )
        .catch((error: unknown) => {
          throw unavailable(error);
        });
      const text = cleanText(answer.choices?.[0]?.message?.content ?? "");
      if (text.trim() === "") {
        throw new HandbookError("LLM_BAD_OUTPUT", "the model answered with no text", {
          fix: "Try again, or set HANDBOOK_MODEL to another model",
        });
      }
      return {
        text,
        input_tokens: answer.usage?.prompt_tokens,
        output_tokens: answer.usage?.completion_tokens,
      };
    },
  };
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
