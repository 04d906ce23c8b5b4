import type { Config } from "../config.ts";
import { cleanText } from "../model/text.ts";
import type { Finding } from "./doctor-finding.ts";

const OPENAI = "https://api.openai.com/v1";
const ANSWER_TIMEOUT_MS = 60_000; // a local model may have to be loaded first
const LIST_TIMEOUT_MS = 10_000;
const OFFERED_SHOWN = 5;

type Model = NonNullable<Config["model"]>;

/** The variables that set each of the models. */
const VARIABLES = {
  model: { name: "HANDBOOK_MODEL", url: "OPENAI_BASE_URL", key: "OPENAI_API_KEY" },
  teacher: { name: "HANDBOOK_TEACHER", url: "HANDBOOK_TEACHER_URL", key: "HANDBOOK_TEACHER_KEY" },
  student: { name: "HANDBOOK_STUDENT", url: "HANDBOOK_STUDENT_URL", key: "HANDBOOK_STUDENT_KEY" },
};
export type Role = keyof typeof VARIABLES;

/** The models to check: the strategist always, the others where they are not the same. */
export function modelsToCheck(config: Pick<Config, Role>): Role[] {
  const place = (role: Role) => {
    const { name, baseUrl, apiKey } = config[role] ?? {};
    return JSON.stringify([name, baseUrl, apiKey]);
  };
  const others = (["teacher", "student"] as const).filter((role) => place(role) !== place("model"));
  return ["model", ...others];
}

/**
 * Whether the configured model answers one tiny question. A list of models would cost nothing, but some endpoints
 * give it to everybody, whatever the key.
 */
export async function checkModel(model: Config["model"], role: Role = "model"): Promise<Finding> {
  const variable = VARIABLES[role];
  if (model === undefined)
    return { status: "ok", message: "none is set, so the calling agent reflects (HANDBOOK_MODEL sets one)" };
  const base = (model.baseUrl ?? OPENAI).replace(/\/+$/, "");
  const { origin, pathname, username, password } = new URL(base);
  const place = origin + pathname; // without the password
  if (username !== "" || password !== "") {
    return failed(
      `${variable.url} holds a user name or a password for ${place}, and requests refuse to carry them so`,
      `Take them out; a key goes into ${variable.key}.`,
    );
  }
  const answer = await ask(base, model);
  switch (answer) {
    case "answers":
      return { status: "ok", message: `${model.name} at ${place} answers` };
    case "unreachable":
      return failed(
        `nothing answers at ${place}`,
        `Start the endpoint, or correct ${variable.url}, or unset ${variable.name}.`,
      );
    case "slow":
      return failed(
        `${model.name} at ${place} did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`,
        `Look at the endpoint's log, or set ${variable.name} to a quicker model.`,
      );
    case "foreign":
      return failed(
        `${place} answers, but not as an OpenAI-compatible endpoint does`,
        `Correct ${variable.url}: it mostly ends in /v1.`,
      );
    case 401:
    case 403:
      return failed(
        `${place} refuses the key (HTTP ${answer})`,
        `Set ${variable.key} to a key that this endpoint takes.`,
      );
    case 429:
      return failed(
        `${place} takes no more requests now (HTTP 429)`,
        `Wait, or look at the limits and the credit of the account of ${variable.key}.`,
      );
    default:
      return answer >= 500
        ? failed(
            `${place} fails (HTTP ${answer})`,
            `Look at the endpoint's log, or set ${variable.url} to another.`,
          )
        : failed(
            `${place} does not take the model ${model.name} (HTTP ${answer})`,
            `Set ${variable.name} to a model of this endpoint${await offered(base, model)}, or correct ${variable.url}.`,
          );
  }
}

function failed(message: string, fix: string): Finding {
  return { status: "failed", message, fix };
}

async function ask(
  base: string,
  { name, apiKey }: Model,
): Promise<"answers" | "unreachable" | "slow" | "foreign" | number> {
  try {
    const response = await fetch(`${base}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({
        model: name,
        messages: [{ role: "user", content: "Answer with the word: ok" }],
      }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (!response.ok) return response.status;
    const body = (await response.json()) as { choices?: unknown } | null;
    return Array.isArray(body?.choices) ? "answers" : "foreign";
  } catch (error) {
    if (error instanceof SyntaxError) return "foreign";
    return error instanceof Error && error.name === "TimeoutError" ? "slow" : "unreachable";
  }
}

/** What the endpoint says it has, for a fix; nothing where it does not say. */
async function offered(base: string, { apiKey }: Model): Promise<string> {
  try {
    const response = await fetch(`${base}/models`, {
      headers: { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(LIST_TIMEOUT_MS),
    });
    const { data } = (await response.json()) as { data: { id: unknown }[] };
    const names = data.slice(0, OFFERED_SHOWN).map(({ id }) => cleanText(String(id)).slice(0, 80));
    if (data.length > OFFERED_SHOWN) names.push("...");
    return names.length === 0 ? "" : ` (it offers ${names.join(", ")})`;
  } catch {
    return "";
  }
}
