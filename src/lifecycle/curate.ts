import { HandbookError } from "../errors.ts";
import { type Behavior, behaviorId } from "../model/behavior.ts";
import type { Decision } from "../model/decision.ts";
import type { Candidate, Reflection } from "../model/reflection.ts";
import type { LedgerReads, LedgerWrites, Ports } from "../ports.ts";
import { judge, NEAR_WORDS, perhapsTheSame, type Verdict } from "../rules/curation.ts";
import { findBehaviors } from "./find.ts";
import { redacted, redactedBehavior, searchedHandbooks } from "./handbooks.ts";
import { type Reflected, type ReflectionRequest, reflectByModel } from "./reflect.ts";

const NEIGHBORS = 10;
const CHANGES = 1000; // between a search and its write there are few

/** An agent's reflection as it comes back. */
export interface SubmittedReflection {
  reflection_id: string;
  reflection: string;
  behaviors: readonly Candidate[];
  agent?: string | undefined;
}

/**
 * Takes an agent's reflection, judges each proposed behavior against the handbook, and stores all of it at once.
 *
 * Throws: UNKNOWN_REFLECTION, ALREADY_SUBMITTED.
 */
export async function submitReflection(ports: Ports, submitted: SubmittedReflection): Promise<Decision[]> {
  const opened = await ports.ledger.reflection(submitted.reflection_id);
  if (opened === undefined || opened.by !== "agent") {
    throw new HandbookError(
      "UNKNOWN_REFLECTION",
      `there is no open reflection "${submitted.reflection_id}"`,
      {
        fix: "Call reflect_and_extract first and pass the reflection_id that it answers",
      },
    );
  }
  if (opened.status === "done") throw alreadySubmitted(opened.id);
  const by = submitted.agent !== undefined && { agent: submitted.agent };
  const reflection = { ...opened, ...by }; // it is theirs who wrote it
  const { texts } = await redacted(ports, { reflection: submitted.reflection });
  const written = `${submitted.reflection}${JSON.stringify(submitted.behaviors)}`;
  const output_tokens = await ports.tokenizer.count(written);
  return curate(ports, reflection, submitted.behaviors, async (tx) => {
    const done = { text: texts.reflection ?? "", done_at: ports.now().toISOString(), output_tokens, ...by };
    if (!(await tx.closeReflection(reflection.id, done))) throw alreadySubmitted(reflection.id);
  });
}

/**
 * Lets the server's model reflect on traces and curates what it proposes. All or nothing is stored.
 *
 * Throws: as `reflectByModel`.
 */
export async function reflectAndCurate(
  ports: Ports,
  request: ReflectionRequest,
): Promise<{ reflection: Reflection; decisions: Decision[] }> {
  return curateReflected(ports, await reflectByModel(ports, request));
}

/**
 * Curates what a model proposed, and stores it all at once.
 *
 * Throws: ALREADY_SUBMITTED where it `isOnly` and a reflection on just these traces is done.
 */
export async function curateReflected(
  ports: Ports,
  { reflection, text, candidates }: Reflected,
  { isOnly = false } = {},
): Promise<{ reflection: Reflection; decisions: Decision[] }> {
  const { texts } = await redacted(ports, { text });
  const done = {
    ...reflection,
    status: "done" as const,
    text: texts.text ?? "",
    done_at: ports.now().toISOString(),
  };
  const decisions = await curate(ports, done, candidates, async (tx) => {
    const others = isOnly ? await tx.reflectionsOn(done.trace_ids) : [];
    if (others.some(({ status }) => status === "done")) throw alreadySubmitted(done.id);
    await tx.addReflection(done);
  });
  return { reflection: done, decisions };
}

async function curate(
  ports: Ports,
  reflection: Reflection,
  proposed: readonly Candidate[],
  store: (tx: LedgerReads & LedgerWrites) => Promise<void>,
): Promise<Decision[]> {
  const candidates = await Promise.all(proposed.map((candidate) => withoutSecrets(ports, candidate)));
  const handbooks = await searchedHandbooks(ports, reflection.handbook);
  const searchedAt = await ports.ledger.headSeq();
  const neighbors: Awaited<ReturnType<typeof findBehaviors>>[] = [];
  for (const { name, when, instruction } of candidates) {
    const text = `${name.replaceAll("_", " ")} ${when} ${instruction}`;
    neighbors.push(await findBehaviors(ports, { text, handbooks, limit: NEIGHBORS }));
  }
  const withdrawn = perhapsTheSame(candidates, [
    ...(await ports.ledger.behaviors(reflection.handbook, { status: "retired" })),
    ...(await ports.ledger.behaviors(reflection.handbook, { status: "quarantined" })),
  ]);

  return ports.ledger.write(async (tx) => {
    await store(tx);
    const tasks = (await tx.traces(reflection.trace_ids)).map((trace) => trace.task);
    // What another process was taught since the search may say the same under another name.
    const since = perhapsTheSame(
      candidates,
      await tx.behaviorsSince(searchedAt, handbooks, CHANGES),
      NEAR_WORDS,
    );
    const decisions: Decision[] = [];
    for (const [position, candidate] of candidates.entries()) {
      // Read again inside the transaction: another process, or an earlier candidate, may have changed them.
      const justDecided = decisions.flatMap(({ target }) => target ?? []);
      const { hits = [], neighbors: meant = [] } = neighbors[position] ?? {};
      const near = [...(withdrawn[position] ?? []), ...(since[position] ?? [])];
      const likely = await tx.behaviorsByKey([...hits, ...near, ...justDecided]);
      const cosines = new Map(meant.map((neighbor) => [behaviorId(neighbor), neighbor.similarity]));
      const verdict = judge(candidate, {
        handbook: reflection.handbook,
        sameName: await tx.behavior({ handbook: reflection.handbook, name: candidate.name }),
        neighbors: likely,
        tasks,
        meaning: (key) => cosines.get(behaviorId(key)),
      });
      const target = await apply(ports, tx, reflection, candidate, verdict);
      decisions.push({
        reflection_id: reflection.id,
        position,
        candidate,
        decision: verdict.decision,
        ...(target && {
          target: { handbook: target.handbook, name: target.name, revision: target.revision },
        }),
        reason: verdict.reason,
        created_at: ports.now().toISOString(),
      });
    }
    await tx.addDecisions(decisions);
    return decisions;
  });
}

async function withoutSecrets(ports: Ports, candidate: Candidate): Promise<Candidate> {
  const clean = await redactedBehavior(ports, candidate);
  return { ...clean, instruction: clean.instruction.trim(), when: clean.when.trim() };
}

/** Carries out a verdict; returns the behavior as it now stands, or undefined for a rejection. */
async function apply(
  ports: Ports,
  tx: LedgerWrites,
  reflection: Reflection,
  candidate: Candidate,
  verdict: Verdict,
): Promise<Behavior | undefined> {
  const provenance: Behavior["provenance"] = {
    author: "reflection",
    ...(reflection.agent !== undefined && { agent: reflection.agent }),
    ...(reflection.model !== undefined && { model: reflection.model }),
    prompt_version: reflection.prompt_version,
    reflection_id: reflection.id,
    trace_ids: reflection.trace_ids,
  };
  const made = { provenance, reason: verdict.reason, created_at: ports.now().toISOString() };
  switch (verdict.decision) {
    case "reject":
      return undefined;
    case "add": {
      const { topic, ...text } = candidate;
      const added = { ...text, ...(topic && { topic }), ...made };
      const behavior = { handbook: reflection.handbook, revision: 1, status: verdict.status, ...added };
      await tx.addRevision(behavior);
      return behavior;
    }
    case "strengthen":
      // A shared handbook must not name the traces, and so find the tasks, of the one that learns.
      if (verdict.target.handbook === reflection.handbook)
        await tx.addSources(verdict.target, reflection.trace_ids);
      return verdict.target;
    case "merge":
    case "revise": {
      const { topic, ...text } = verdict.text;
      const { target } = verdict;
      const behavior = {
        ...target,
        ...text,
        ...(topic && { topic }),
        ...made,
        status: verdict.status,
        revision: target.revision + 1,
      };
      await tx.addRevision(behavior);
      return behavior;
    }
  }
}

function alreadySubmitted(id: string): HandbookError {
  return new HandbookError("ALREADY_SUBMITTED", `the reflection ${id} has been submitted before`, {
    fix: "Nothing was changed. Call reflect_and_extract for a new one",
  });
}
