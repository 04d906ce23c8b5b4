import { HandbookError } from "../errors.ts";
import type { Behavior } from "../model/behavior.ts";
import type { Candidate, Reflection } from "../model/reflection.ts";
import { cutMiddle } from "../model/text.ts";
import type { Trace } from "../model/trace.ts";
import type { ChatMessage, Llm } from "../ports/models.ts";
import type { Ports } from "../ports.ts";
import { EXTRACT_VERSION, extractMessages, mendMessages, readExtraction } from "../prompts/extract.ts";
import { type Attempt, agentReflectText, REFLECT_VERSION, reflectMessages } from "../prompts/reflect.ts";
import { shareBudget } from "../rules/excerpt.ts";
import { fitting, rank } from "../rules/ranking.ts";
import { mostValuable } from "../rules/trace-value.ts";
import { handbookToRead, homeHandbook, searchedHandbooks } from "./handbooks.ts";
import { unknownTrace, wrongHandbook } from "./record.ts";

const PICKED_TRACES = 3;
const CONSIDERED_TRACES = 1000;
const KNOWN_SHOWN = 10;
const ABANDONED_AFTER_MS = 3_600_000; // an agent that has not submitted by then will not

/** Who reflects: `auto` is the server where it has a model, else the calling agent. */
export type ReflectBy = "auto" | "server" | "agent";

export interface ReflectionRequest {
  /** None: the most valuable ones that no reflection looked at. */
  trace_ids?: readonly string[] | undefined;
  /** What comes back in these traces, in the words of one of them. */
  step?: string | undefined;
  handbook?: string | undefined;
  agent?: string | undefined;
}

/** Which of the two is to reflect. Throws: NO_MODEL when the server is asked to and has none. */
export function reflector(ports: Ports, by: ReflectBy): "server" | "agent" {
  if (by === "server" && ports.llm === undefined) {
    throw new HandbookError("NO_MODEL", "this server has no model of its own", {
      fix: 'Set HANDBOOK_MODEL (and OPENAI_BASE_URL, OPENAI_API_KEY), or pass by "agent" and reflect yourself',
    });
  }
  return by === "auto" ? (ports.llm === undefined ? "agent" : "server") : by;
}

/**
 * Opens a reflection for the calling agent and returns the prompt for it. Asked again for the same traces while
 * it is open, it is the same reflection.
 *
 * Throws: UNKNOWN_TRACE, UNKNOWN_HANDBOOK, WRONG_HANDBOOK, NOTHING_TO_REFLECT_ON.
 */
export async function openReflection(
  ports: Ports,
  request: ReflectionRequest,
): Promise<{ reflection: Reflection; prompt: string }> {
  const { traces, step } = await tracesToReflectOn(ports, request);
  const ids = traces.map((trace) => trace.id);
  const { attempts, known } = await material(ports, traces);
  const id = ports.newId();
  const input_tokens = await ports.tokenizer.count(agentReflectText(id, attempts, known, step));
  const reflection = await ports.ledger.write(async (tx) => {
    const open = (await tx.reflectionsOn(ids)).find(({ status, by }) => status === "open" && by === "agent");
    if (open !== undefined) return open;
    const opened: Reflection = {
      id,
      handbook: handbookOf(traces),
      status: "open",
      by: "agent",
      trace_ids: ids,
      prompt_version: REFLECT_VERSION,
      input_tokens,
      ...(request.agent !== undefined && { agent: request.agent }),
      created_at: ports.now().toISOString(),
    };
    await tx.addReflection(opened);
    return opened;
  });
  return { reflection, prompt: agentReflectText(reflection.id, attempts, known, step) };
}

/** A reflection that a model can be asked for, with all that it depends on. */
export interface ReflectionPrompt {
  handbook: string;
  trace_ids: readonly string[];
  messages: readonly ChatMessage[];
}

/** What a model made of it. */
export interface Reflected {
  reflection: Reflection;
  text: string;
  candidates: Candidate[];
}

/** Composes the prompt as the handbook now stands. Throws: as `openReflection`. */
export async function reflectionPrompt(ports: Ports, request: ReflectionRequest): Promise<ReflectionPrompt> {
  const { traces, step } = await tracesToReflectOn(ports, request);
  const { attempts, known } = await material(ports, traces);
  return {
    handbook: handbookOf(traces),
    trace_ids: traces.map(({ id }) => id),
    messages: reflectMessages(attempts, known, step),
  };
}

/**
 * Lets a model reflect and propose candidates. Stores nothing: the reflection is for the next stage to store together with
 * what it decided. `isMended`: candidates that cannot be read are asked for once more.
 *
 * Throws: LLM_UNAVAILABLE, LLM_BAD_OUTPUT.
 */
export async function reflectOn(
  ports: Pick<Ports, "newId" | "now">,
  llm: Llm,
  { handbook, trace_ids, messages }: ReflectionPrompt,
  { agent, isMended = false }: { agent?: string | undefined; isMended?: boolean } = {},
): Promise<Reflected> {
  const look = await llm.complete(messages);
  const asked = extractMessages([...messages, { role: "assistant", content: look.text }]);
  const answers = [look, await llm.complete(asked)];
  const { text } = look;
  const extracted = answers[1]?.text ?? "";
  let candidates: Candidate[];
  try {
    candidates = readExtraction(extracted);
  } catch (error) {
    if (!isMended || !(error instanceof HandbookError)) throw error;
    const mended = await llm.complete(mendMessages(asked, extracted, error.message));
    answers.push(mended);
    candidates = readExtraction(mended.text);
  }
  const sum = (kind: "input_tokens" | "output_tokens") =>
    answers.reduce((tokens, answer) => tokens + (answer[kind] ?? 0), 0);
  const reflection: Reflection = {
    id: ports.newId(),
    handbook,
    status: "open",
    by: "server",
    trace_ids: [...trace_ids],
    prompt_version: `${REFLECT_VERSION}+${EXTRACT_VERSION}`,
    model: llm.model,
    // Of an endpoint that counts.
    ...(sum("output_tokens") > 0 && {
      input_tokens: sum("input_tokens"),
      output_tokens: sum("output_tokens"),
    }),
    ...(agent !== undefined && { agent }),
    created_at: ports.now().toISOString(),
  };
  return { reflection, text, candidates };
}

/** The same with the server's own model. Throws: as both, and NO_MODEL. */
export async function reflectByModel(ports: Ports, request: ReflectionRequest): Promise<Reflected> {
  reflector(ports, "server");
  const llm = ports.llm;
  if (llm === undefined) throw new Error("unreachable: reflector() refuses without a model");
  return reflectOn(ports, llm, await reflectionPrompt(ports, request), request);
}

interface Subject {
  traces: Trace[];
  step?: string | undefined;
}

async function tracesToReflectOn(
  ports: Ports,
  { trace_ids, step, handbook }: ReflectionRequest,
): Promise<Subject> {
  if (trace_ids === undefined || trace_ids.length === 0) return pickTraces(ports, handbook);
  const ids = [...new Set(trace_ids)];
  const traces = await ports.ledger.traces(ids);
  const missing = ids.find((id) => !traces.some((trace) => trace.id === id));
  if (missing !== undefined) throw unknownTrace(missing);
  const expected = handbook ?? handbookOf(traces);
  const stranger = traces.find((trace) => trace.handbook !== expected);
  if (stranger !== undefined) throw wrongHandbook("trace", stranger.id, stranger.handbook);
  return { traces, step };
}

/** What learning from a corpus put in the queue comes first, then what nobody has looked at. */
async function pickTraces(ports: Ports, handbook: string | undefined): Promise<Subject> {
  const slug = await handbookToRead(ports.ledger, handbook ?? homeHandbook(ports));
  const openedAfter = openedSince(ports);
  const [next] = await ports.ledger.queuedReflections(slug, openedAfter, 1);
  if (next !== undefined) return { traces: await ports.ledger.traces(next.trace_ids), step: next.step };
  const waiting = await ports.ledger.unreflectedTraces(slug, openedAfter, CONSIDERED_TRACES);
  const picked = mostValuable(waiting, PICKED_TRACES);
  if (picked.length === 0) {
    throw new HandbookError(
      "NOTHING_TO_REFLECT_ON",
      `every trace of the handbook "${slug}" has been reflected on, or is being`,
      {
        fix: "Record a trace first, or pass trace_ids to look at some again",
      },
    );
  }
  return { traces: await ports.ledger.traces(picked.map((trace) => trace.id)) };
}

/** An agent's reflection that was opened after this is still under way. */
export function openedSince({ now }: Pick<Ports, "now">): string {
  return new Date(now().getTime() - ABANDONED_AFTER_MS).toISOString();
}

function handbookOf(traces: readonly Trace[]): string {
  const [first] = traces;
  if (first === undefined) throw new Error("a reflection needs a trace");
  return first.handbook;
}

/** The traces, cut to the token budget, and the behaviors that such tasks would be served. */
async function material(
  ports: Ports,
  traces: readonly Trace[],
): Promise<{ attempts: Attempt[]; known: Behavior[] }> {
  const [first] = traces;
  if (first === undefined) return { attempts: [], known: [] };
  const attempts = await cutAttempts(ports, traces);
  const { hits } = await ports.index.search({
    text: [...new Set(traces.map((trace) => trace.task))].join("\n"),
    handbooks: await searchedHandbooks(ports, first.handbook),
    limit: 2 * KNOWN_SHOWN,
  });
  const fit = fitting(hits, false);
  const known = rank(fit, await ports.ledger.behaviorsByKey(fit), {
    handbook: first.handbook,
    alreadyHave: [],
    limit: KNOWN_SHOWN,
  });
  return { attempts, known: known.map(({ behavior }) => behavior) };
}

/** The attempts with their texts cut in the middle, so that all of them together keep to the tokens of a reflection. */
export async function cutAttempts(
  ports: Pick<Ports, "tokenizer" | "settings">,
  traces: readonly Attempt[],
): Promise<Attempt[]> {
  const texts = traces.flatMap(({ task, reasoning, answer }) => [task, reasoning, answer ?? ""]);
  const tokens: number[] = [];
  for (const text of texts) tokens.push(await ports.tokenizer.count(text));
  const allowed = shareBudget(tokens, ports.settings.reflectionTokens);
  const cut = texts.map((text, i) => {
    const [has = 0, may = 0] = [tokens[i], allowed[i]];
    return may >= has ? text : cutMiddle(text, Math.floor((text.length * may) / has));
  });
  return traces.map(({ outcome, evidence, answer }, i): Attempt => {
    const [task = "", reasoning = "", shownAnswer = ""] = cut.slice(3 * i, 3 * i + 3);
    return { task, reasoning, ...(answer !== undefined && { answer: shownAnswer }), outcome, evidence };
  });
}
