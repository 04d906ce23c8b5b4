import type * as z from "zod";
import { HandbookError } from "../errors.ts";
import { checkUrl } from "./check-url.ts";
import type { Variables } from "./variables.ts";

export interface ModelConfig {
  readonly name: string;
  readonly apiKey: string;
  readonly baseUrl?: string;
}

export interface Models {
  /** The strategist, which reflects. Absent when no model is configured. */
  readonly model?: ModelConfig;
  /** Writes what a model is trained on. The strategist where nobody set it. */
  readonly teacher?: ModelConfig;
  /** Solves tasks with and without behaviors. The strategist where nobody set it. */
  readonly student?: ModelConfig;
}

/** The three models of the paper, section 3: the strategist's endpoint serves the other two unless they have their own. */
export function modelsOf(variables: z.infer<typeof Variables>): Models {
  const model = modelOf("HANDBOOK_MODEL", variables.HANDBOOK_MODEL, {
    urls: { OPENAI_BASE_URL: variables.OPENAI_BASE_URL },
    keys: { OPENAI_API_KEY: variables.OPENAI_API_KEY },
  });
  const other = (role: "TEACHER" | "STUDENT") =>
    modelOf(`HANDBOOK_${role}`, variables[`HANDBOOK_${role}`], {
      urls: {
        [`HANDBOOK_${role}_URL`]: variables[`HANDBOOK_${role}_URL`],
        OPENAI_BASE_URL: variables.OPENAI_BASE_URL,
      },
      keys: {
        [`HANDBOOK_${role}_KEY`]: variables[`HANDBOOK_${role}_KEY`],
        OPENAI_API_KEY: variables.OPENAI_API_KEY,
      },
    }) ?? model;
  const [teacher, student] = [other("TEACHER"), other("STUDENT")];
  return { ...(model && { model }), ...(teacher && { teacher }), ...(student && { student }) };
}

/** A model, at the first of the endpoints that is set. */
function modelOf(
  variable: string,
  name: string | undefined,
  { urls, keys }: Record<"urls" | "keys", Record<string, string | undefined>>,
): ModelConfig | undefined {
  if (name === undefined) return undefined; // other programs read the endpoint's variables too
  const [urlName, baseUrl] = Object.entries(urls).find(([, url]) => url !== undefined) ?? [];
  const key = Object.values(keys).find((value) => value !== undefined);
  if (key === undefined && baseUrl === undefined) {
    throw new HandbookError(
      "BAD_CONFIG",
      `${variable} is set, but neither OPENAI_API_KEY nor OPENAI_BASE_URL is`,
      {
        fix: `Set the key, or the URL of a local endpoint, or unset ${variable}`,
      },
    );
  }
  checkUrl(urlName ?? "", baseUrl);
  // Local endpoints want no key, the client library wants one.
  return { name, apiKey: key ?? "none", ...(baseUrl !== undefined && { baseUrl }) };
}
