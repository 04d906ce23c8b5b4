import { HandbookError } from "../errors.ts";
import { type Behavior, isServable } from "../model/behavior.ts";
import type { Trace } from "../model/trace.ts";
import type { Llm } from "../ports/models.ts";
import type { Ports } from "../ports.ts";
import { agentImproveText } from "../prompts/improve.ts";
import { readSolution, solveText } from "../prompts/solve.ts";
import { taskWords } from "../rules/identity.ts";
import { reflectAndCurate } from "./curate.ts";
import { recordTrace, unknownTrace } from "./record.ts";
import { openReflection, type ReflectBy, reflector } from "./reflect.ts";

export interface Improvement {
  /** One or more attempts at one task; the paper uses 16. */
  trace_ids: readonly string[];
  by: ReflectBy;
  agent?: string | undefined;
}

/** Where the improvement stands. An agent moves it on by submitting the reflection and calling again. */
export type ImprovementState =
  | { status: "awaiting_reflection"; reflection_id: string; prompt: string }
  | { status: "ready"; prompt: string }
  | { status: "done"; answer: string; trace_id: string };

/**
 * Behavior-guided self-improvement: draws behaviors from attempts at a task and leads to the next attempt. With a
 * model of the server's own it makes that attempt and records it.
 *
 * Source: Didolkar et al. 2025, arXiv:2509.13237, self-improvement. Throws: INVALID_INPUT when the attempts are at
 * different tasks; otherwise as the stages it runs through.
 */
export async function improve(ports: Ports, input: Improvement): Promise<ImprovementState> {
  const ids = [...new Set(input.trace_ids)];
  const first = await firstAttempt(ports, ids);
  const request = { trace_ids: ids, agent: input.agent };
  const reflectedBy = reflector(ports, input.by);
  const done = (await ports.ledger.reflectionsOn(ids)).find(({ status }) => status === "done");

  if (done === undefined && reflectedBy === "agent") {
    const { reflection, prompt } = await openReflection(ports, request);
    return { status: "awaiting_reflection", reflection_id: reflection.id, prompt };
  }
  const reflection = done ?? (await reflectAndCurate(ports, request)).reflection;
  const behaviors = await learnedBehaviors(ports, reflection.id);
  if (reflectedBy === "agent" || ports.llm === undefined) {
    return { status: "ready", prompt: agentImproveText(first.task, behaviors, first.id) };
  }
  return attempt(ports, ports.llm, first, behaviors, input.agent);
}

async function firstAttempt(ports: Ports, ids: readonly string[]): Promise<Trace> {
  const traces = await ports.ledger.traces(ids);
  const missing = ids.find((id) => !traces.some((trace) => trace.id === id));
  if (missing !== undefined) throw unknownTrace(missing);
  const [first] = traces.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  if (first === undefined) throw unknownTrace("");
  const stranger = traces.find((trace) => taskWords(trace.task) !== taskWords(first.task));
  if (stranger !== undefined) {
    throw new HandbookError(
      "INVALID_INPUT",
      `the traces ${first.id} and ${stranger.id} are attempts at different tasks`,
      {
        fix: "Pass attempts at one task; to learn from several tasks call reflect_and_extract",
      },
    );
  }
  return first;
}

/** What came of a reflection and may be served, in the order proposed. */
async function learnedBehaviors(ports: Ports, reflectionId: string): Promise<Behavior[]> {
  const targets = (await ports.ledger.decisions(reflectionId)).flatMap(({ target }) => target ?? []);
  const current = await ports.ledger.behaviorsByKey(targets);
  const wanted = [...new Set(targets.map((target) => target.name))];
  return wanted.flatMap((name) => current.find((b) => b.name === name && isServable(b.status)) ?? []);
}

async function attempt(
  ports: Ports,
  llm: Llm,
  first: Trace,
  behaviors: readonly Behavior[],
  agent: string | undefined,
): Promise<ImprovementState> {
  const reply = await llm.complete([{ role: "user", content: solveText(first.task, behaviors) }]);
  const { trace } = await recordTrace(ports, {
    task: first.task,
    ...readSolution(reply),
    improves: first.id,
    model: llm.model,
    agent,
    handbook: first.handbook,
  });
  return { status: "done", answer: trace.answer ?? "", trace_id: trace.id };
}
