import { HandbookError } from "../errors.ts";
import { behaviorId, isServable } from "../model/behavior.ts";
import type { DecisionKind } from "../model/decision.ts";
import type { KeptLlm } from "../ports/learning.ts";
import type { ChatMessage } from "../ports/models.ts";
import type { Ports } from "../ports.ts";
import { keyOf, type PlannedReflection, reflectionCost, tokensOf } from "../rules/learning-plan.ts";
import { curateReflected } from "./curate.ts";
import { searchedHandbooks } from "./handbooks.ts";
import { inOrder } from "./in-order.ts";
import { openedSince, type ReflectionPrompt, reflectionPrompt, reflectOn } from "./reflect.ts";
import { type Failed, GIVES_UP_AFTER, type LearningRun, modelFault } from "./solve.ts";
import { Allowance, isBadOutput, tallied } from "./spend.ts";

/** Prompts composed before the first of their reflections is curated; these do not see each other's behaviors. */
const AHEAD = 16;
const EVERY_TRACE = 2 ** 31 - 1;

export interface Learned {
  /** Reflections that were made in this run, before it was killed too. */
  reflections: number;
  decisions: Record<DecisionKind, number>;
  /** Behaviors that this run added or changed and that may be served. */
  kept: number;
  failed: Failed[];
  /** Not begun: the budget was used up, or the endpoint did not answer. */
  left: number;
  gaveUp: boolean;
}

/**
 * Reflects on what is planned with a model and curates what it proposes, in the order of the plan, whichever answer comes
 * first. The plan and the prompts are noted before they are asked, and answers are kept, so a run that was killed goes on with
 * its own plan to the same end without paying twice. One that fails does not stop the others.
 */
export async function learnFrom(
  ports: Ports,
  llm: KeptLlm,
  plan: readonly PlannedReflection[],
  run: LearningRun,
): Promise<Learned> {
  const { journal, concurrency } = run;
  await indexIsWhole(ports, plan);
  const open = await leftOf(ports, plan);
  const noted: PlannedReflection[] = JSON.parse(await journal.once("plan", () => JSON.stringify(open)));
  const keys = new Set(noted.map(keyOf));
  const mine = [...noted, ...open.filter((item) => !keys.has(keyOf(item)))]; // what came since, last
  const left = new Set(await leftOf(ports, mine));
  const isDone = (item: PlannedReflection) => !left.has(item);
  const allowance = new Allowance(run.budget);
  for (const item of mine.filter(isDone)) {
    const cost = Number(journal.noted(`cost ${keyOf(item)}`) ?? 0);
    allowance.note(tokensOf(reflectionCost(item)), cost);
  }
  const failed: Failed[] = [];
  const spoilt: (readonly ChatMessage[])[] = [];
  const todo = mine
    .filter((item) => !isDone(item))
    .map((item) => ({
      ...item,
      key: keyOf(item),
      estimate: tokensOf(reflectionCost(item)),
      tally: tallied(llm),
    }));
  let [settled, inARow] = [0, 0];

  const begun = inOrder(todo, { concurrency, ahead: AHEAD }, async ({ key, estimate, tally, ...item }) => {
    if (!allowance.begin(estimate)) return undefined;
    const prompt: ReflectionPrompt = JSON.parse(
      await journal.once(`prompt ${key}`, async () => JSON.stringify(await reflectionPrompt(ports, item))),
    );
    return () => reflectOn(ports, tally.llm, prompt, { isMended: true });
  });
  for await (const { item, ...ended } of begun) {
    const cost = await journal.once(`cost ${item.key}`, () => String(item.tally.tokens()));
    allowance.settle(item.estimate, Number(cost));
    settled++;
    if ("result" in ended) {
      inARow = 0;
      await curateReflected(ports, ended.result, { isOnly: true }).catch(unlessDoneElsewhere);
    } else {
      const reason = modelFault(ended.error);
      inARow = isBadOutput(ended.error) ? 0 : inARow + 1;
      if (isBadOutput(ended.error)) spoilt.push(...item.tally.asked.slice(1)); // the reflection itself may be good
      failed.push({ what: `the reflection on ${item.trace_ids.join(", ")}`, reason });
    }
    run.done?.("error" in ended);
    if (inARow >= GIVES_UP_AFTER) break;
  }
  const learned = await account(ports, mine);
  for (const messages of spoilt) llm.forget(messages); // else they would be bad again in every run
  return { ...learned, failed, left: todo.length - settled, gaveUp: inARow >= GIVES_UP_AFTER };
}

/** What is left of a plan: without what was looked at already. */
export async function leftOf(ports: Ports, plan: readonly PlannedReflection[]): Promise<PlannedReflection[]> {
  const unreflected = await unreflectedIn(ports, new Set(plan.map(({ handbook }) => handbook)));
  return plan.filter(({ trace_ids }) => trace_ids.some((id) => unreflected.has(id)));
}

/** The traces of these handbooks that nobody looked at, nor does just now. */
export async function unreflectedIn(ports: Ports, handbooks: Iterable<string>): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const handbook of handbooks) {
    const since = openedSince(ports);
    for (const { id } of await ports.ledger.unreflectedTraces(handbook, since, EVERY_TRACE)) ids.add(id);
  }
  return ids;
}

/** Another process that learns from the same traces may have been first. */
function unlessDoneElsewhere(error: unknown): void {
  if (!(error instanceof HandbookError) || error.code !== "ALREADY_SUBMITTED") throw error;
}

/** An index that is still being built does not find all that is known. */
async function indexIsWhole(ports: Ports, plan: readonly PlannedReflection[]): Promise<void> {
  const [first] = plan;
  if (first === undefined) return;
  const search = { text: "index", handbooks: await searchedHandbooks(ports, first.handbook), limit: 1 };
  while ((await ports.index.search(search)).sources.includes("partial")); // each waits for it, a second at most
}

/** What came of the reflections on these, as the ledger has it. */
async function account(ports: Ports, plan: readonly PlannedReflection[]) {
  const decisions = { add: 0, strengthen: 0, merge: 0, revise: 0, reject: 0 };
  const changed = new Map<string, { handbook: string; name: string }>();
  let reflections = 0;
  for (const { trace_ids } of plan) {
    const done = (await ports.ledger.reflectionsOn(trace_ids)).find(({ status }) => status === "done");
    if (done === undefined) continue;
    reflections++;
    for (const { decision, target } of await ports.ledger.decisions(done.id)) {
      decisions[decision]++;
      const isChanged = decision === "add" || decision === "merge" || decision === "revise";
      if (isChanged && target !== undefined) changed.set(behaviorId(target), target);
    }
  }
  const now = await ports.ledger.behaviorsByKey([...changed.values()]);
  return { reflections, decisions, kept: now.filter(({ status }) => isServable(status)).length };
}
