import OpenAI from "openai";
import { HandbookError } from "../errors.ts";
import { cleanText } from "../model/text.ts";
import type { Llm } from "../ports/models.ts";

const RETRIES = 2;
const TIMEOUT_MS = 120_000;

export interface Persistence {
  /** How often a question is put again after 429, 5xx, a lost connection or an answer that is cut off midway. Default: 2. */
  retries?: number | undefined;
  /** Longest that one try may take, to the end of the answer. Default: 120,000. */
  timeoutMs?: number | undefined;
}

/**
 * A chat model behind any OpenAI-compatible endpoint. Retries what is worth it after the time that the endpoint asks for, else
 * with growing pauses.
 */
export function openaiLlm(
  options: { baseUrl?: string | undefined; apiKey: string; model: string } & Persistence,
): Llm {
  const client = new OpenAI({
    apiKey: options.apiKey,
    timeout: options.timeoutMs ?? TIMEOUT_MS,
    maxRetries: options.retries ?? RETRIES,
    fetch: fetchWhole,
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
      // A page that asks to log in, or an error that calls itself a success.
      if (!Array.isArray(answer?.choices)) {
        throw new HandbookError("LLM_UNAVAILABLE", "what answers at the model endpoint is no chat model", {
          fix: "Check OPENAI_BASE_URL (most end in /v1) and HANDBOOK_MODEL; nothing was changed",
        });
      }
      const [choice] = answer.choices;
      const text = cleanText(choice?.message?.content ?? "");
      const isCut = choice?.finish_reason === "length";
      if (text.trim() === "" && !isCut) {
        throw new HandbookError("LLM_BAD_OUTPUT", "the model answered with no text", {
          fix: "Try again, or set HANDBOOK_MODEL to another model",
        });
      }
      const reasoning = reasoningOf(choice?.message);
      const cached = answer.usage?.prompt_tokens_details?.cached_tokens;
      return {
        text,
        ...(reasoning !== undefined && { reasoning }),
        isCut,
        input_tokens: answer.usage?.prompt_tokens,
        ...(cached !== undefined && { cached_tokens: cached }),
        output_tokens: answer.usage?.completion_tokens,
      };
    },
  };
}

/**
 * Fetches to the end of the body: the client's time limit and its retries end at the headers, and an answer that hangs or is
 * cut off midway is no better than none.
 */
async function fetchWhole(...request: Parameters<typeof fetch>): Promise<Response> {
  const response = await fetch(...request);
  const body = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  if (response.ok && isJson) JSON.parse(body); // what is cut off may still end properly
  const { status, headers } = response;
  return new Response(body, { status, headers });
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
