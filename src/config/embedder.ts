import { join, resolve } from "node:path";
import type * as z from "zod";
import { HandbookError } from "../errors.ts";
import { checkUrl } from "./check-url.ts";
import type { Variables } from "./variables.ts";

export interface LocalEmbedderConfig {
  readonly kind: "local";
  /** Nobody asked for it: to be left out, without a word, where its packages or its model are missing. */
  readonly auto: boolean;
  readonly model: string;
  readonly directory: string;
  readonly offline: boolean;
  readonly hub?: string | undefined;
  readonly pooling?: "cls" | "mean" | "last_token" | undefined;
  readonly queryPrefix?: string | undefined;
}

export interface OpenaiEmbedderConfig {
  readonly kind: "openai";
  readonly model: string;
  readonly apiKey: string;
  readonly baseUrl?: string | undefined;
  readonly dimensions?: number | undefined;
  readonly queryPrefix?: string | undefined;
}

const LOCAL_MODEL = "Xenova/bge-small-en-v1.5";

/** How texts become vectors; undefined when they do not. Throws: BAD_CONFIG. */
export function embedderOf(
  variables: z.infer<typeof Variables>,
  home: string,
): LocalEmbedderConfig | OpenaiEmbedderConfig | undefined {
  const { HANDBOOK_EMBEDDER: kind, HANDBOOK_EMBEDDER_MODEL: model } = variables;
  const queryPrefix = variables.HANDBOOK_EMBEDDER_PREFIX;
  if (kind === "openai") {
    refuse(variables, kind, ["HANDBOOK_EMBEDDER_POOLING"], "local");
    return openaiEmbedderOf(variables, model, queryPrefix);
  }
  const endpoint = [
    "HANDBOOK_EMBEDDER_URL",
    "HANDBOOK_EMBEDDER_KEY",
    "HANDBOOK_EMBEDDER_DIMENSIONS",
  ] as const;
  refuse(variables, kind, endpoint, "openai");
  if (kind === "none") return undefined;
  // It becomes part of a path and of an address.
  if (model !== undefined && !/^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/.test(model)) {
    throw new HandbookError("BAD_CONFIG", "HANDBOOK_EMBEDDER_MODEL is not the name of a model", {
      fix: `Set it to a name as the hub writes it, such as ${LOCAL_MODEL}`,
    });
  }
  checkUrl("HF_ENDPOINT", variables.HF_ENDPOINT);
  const auto = kind === "auto";
  return {
    ...{ kind: "local", auto, model: model ?? LOCAL_MODEL, queryPrefix },
    directory: resolve(variables.HANDBOOK_MODELS ?? join(home, "models")),
    offline: auto || variables.HANDBOOK_OFFLINE === "on",
    hub: variables.HF_ENDPOINT,
    pooling: variables.HANDBOOK_EMBEDDER_POOLING,
  };
}

function openaiEmbedderOf(
  variables: z.infer<typeof Variables>,
  model: string | undefined,
  queryPrefix: string | undefined,
): OpenaiEmbedderConfig {
  const baseUrl = variables.HANDBOOK_EMBEDDER_URL ?? variables.OPENAI_BASE_URL;
  const apiKey = variables.HANDBOOK_EMBEDDER_KEY ?? variables.OPENAI_API_KEY;
  if (model === undefined) {
    throw new HandbookError(
      "BAD_CONFIG",
      "HANDBOOK_EMBEDDER is openai, but HANDBOOK_EMBEDDER_MODEL is not set",
      {
        fix: "Set it to a model of the endpoint, such as text-embedding-3-small for OpenAI's",
      },
    );
  }
  if (baseUrl === undefined && apiKey === undefined) {
    throw new HandbookError("BAD_CONFIG", "HANDBOOK_EMBEDDER is openai, but it has neither a URL nor a key", {
      fix: "Set HANDBOOK_EMBEDDER_URL to a local endpoint, or HANDBOOK_EMBEDDER_KEY for OpenAI's",
    });
  }
  checkUrl(
    variables.HANDBOOK_EMBEDDER_URL === undefined ? "OPENAI_BASE_URL" : "HANDBOOK_EMBEDDER_URL",
    baseUrl,
  );
  const dimensions = variables.HANDBOOK_EMBEDDER_DIMENSIONS;
  return { kind: "openai", model, apiKey: apiKey ?? "none", baseUrl, dimensions, queryPrefix };
}

/** Refuses what only another embedder reads: set in vain, it would be believed to work. */
function refuse(
  variables: z.infer<typeof Variables>,
  kind: string,
  names: readonly (keyof typeof Variables.shape)[],
  reader: string,
): void {
  const vain = names.find((name) => variables[name] !== undefined);
  if (vain === undefined) return;
  throw new HandbookError("BAD_CONFIG", `${vain} is set, but HANDBOOK_EMBEDDER is ${kind}`, {
    fix: `Set HANDBOOK_EMBEDDER=${reader}, or unset ${vain}`,
  });
}
