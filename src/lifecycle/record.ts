import { HandbookError } from "../errors.ts";
import { behaviorId } from "../model/behavior.ts";
import type { Evidence, Outcome, OutcomeReport } from "../model/outcome.ts";
import type { Trace } from "../model/trace.ts";
import type { LedgerReads, LedgerWrites, Ports } from "../ports.ts";
import { citedNames } from "../rules/citations.ts";
import { impliedEvidence, isSame, settledBy, UNSTATED } from "../rules/evidence.ts";
import { traceHash } from "../rules/identity.ts";
import { handbookToWrite, homeHandbook, redacted } from "./handbooks.ts";

export interface Recording {
  task: string;
  reasoning: string;
  answer?: string | undefined;
  outcome?: Outcome | undefined;
  evidence?: Evidence | undefined;
  output_tokens?: number | undefined;
  input_tokens?: number | undefined;
  use_id?: string | undefined;
  improves?: string | undefined;
  model?: string | undefined;
  agent?: string | undefined;
  license?: string | undefined;
  handbook?: string | undefined;
}

/**
 * Stores one attempt at a task without its secrets, finds which served behaviors it names, and counts its tokens
 * when the caller could not. The same attempt sent again is the same trace; a stated outcome then counts as a
 * further statement about it.
 *
 * Throws: UNKNOWN_USE, UNKNOWN_TRACE, WRONG_HANDBOOK, INVALID_INPUT, and what the ledger throws.
 */
export async function recordTrace(
  ports: Ports,
  input: Recording,
): Promise<{ trace: Trace; cited: string[]; isNew: boolean }> {
  const { texts, kinds } = await redacted(ports, {
    task: input.task,
    reasoning: input.reasoning,
    answer: input.answer,
    model: input.model,
  });
  const { task = "", reasoning = "", answer, model } = texts;
  const length = await ports.tokenizer.count(reasoning + (answer ?? ""));
  const outcome = input.outcome ?? "unknown";
  const id = ports.newId();
  const created_at = ports.now().toISOString();
  const evidence = input.evidence ?? impliedEvidence(outcome);
  const by = input.agent !== undefined && { agent: input.agent };
  const report = { id: ports.newId(), outcome, evidence, ...by, created_at };

  return ports.ledger.write(async (tx) => {
    const use = input.use_id === undefined ? undefined : await tx.use(input.use_id);
    if (input.use_id !== undefined && use === undefined) throw unknownUse(input.use_id);
    const handbook = input.handbook ?? use?.handbook ?? homeHandbook(ports);
    if (use !== undefined && use.handbook !== handbook) throw wrongHandbook("use", use.id, use.handbook);
    await checkImproves(tx, input.improves, handbook);

    const hash = traceHash({ handbook, use_id: use?.id, task, reasoning, answer });
    const known = await tx.traceWithHash(hash);
    if (known !== undefined) return recordAgain(tx, known, input, report);

    // A CI job may have reported the outcome of the use before its first trace came.
    const isFirst = use !== undefined && (await tx.latestTraceOfEpisode(use.episode_id)) === undefined;
    const reports = isFirst ? await tx.outcomeReports({ episode_id: use.episode_id }) : [];
    const standing = [...reports, report].reduce(settledBy, UNSTATED);
    const trace: Trace = {
      id,
      handbook,
      task,
      reasoning,
      ...(answer !== undefined && { answer }),
      outcome: standing.outcome,
      evidence: standing.evidence,
      output_tokens: input.output_tokens ?? length,
      ...(use?.conversation === undefined && { report_tokens: length }),
      ...(input.input_tokens !== undefined && { input_tokens: input.input_tokens }),
      tokens_counted_by: input.output_tokens === undefined ? "server" : "caller",
      ...(model !== undefined && { model }),
      ...by,
      ...(input.license !== undefined && { license: input.license }),
      ...(use !== undefined && { use_id: use.id, episode_id: use.episode_id }),
      ...(input.improves !== undefined && { improves: input.improves }),
      redacted: kinds,
      created_at,
    };
    await handbookToWrite(tx, handbook, created_at);
    await tx.addTrace(trace, hash);
    if (outcome !== "unknown") {
      await tx.addOutcomeReport({
        ...report,
        trace_id: id,
        ...(use !== undefined && { episode_id: use.episode_id }),
      });
    }
    const said = `${reasoning}\n${answer ?? ""}`;
    const served = use === undefined ? [] : await tx.servedInEpisode(use.episode_id);
    const withheld = use === undefined ? [] : await tx.withheldInEpisode(use.episode_id);
    // Of a behavior that was served twice, the later revision is the one that was read last.
    const latest = new Map(served.map((behavior) => [behaviorId(behavior), behavior]));
    const names = namesIn(said, served);
    await tx.addCitations(
      [...latest.values()]
        .filter(({ name }) => names.includes(name))
        .map(({ score: _, ...behavior }) => ({ trace_id: id, ...behavior })),
    );
    const alien = namesIn(said, withheld).filter((name) => !names.includes(name));
    const named = new Map(
      withheld.filter(({ name }) => alien.includes(name)).map((one) => [behaviorId(one), one]),
    );
    await tx.addContaminations(id, [...named.values()]);
    return { trace, cited: names, isNew: true };
  });
}

/** The same trace sent again: it may bring a later statement about its outcome, or a true count of its tokens. */
async function recordAgain(
  tx: LedgerReads & LedgerWrites,
  known: Trace,
  { output_tokens, input_tokens }: Recording,
  report: Omit<OutcomeReport, "trace_id">,
): Promise<{ trace: Trace; cited: string[]; isNew: boolean }> {
  const standing = settledBy(known, report);
  if (!isSame(standing, known)) {
    await tx.addOutcomeReport({
      ...report,
      trace_id: known.id,
      ...(known.episode_id && { episode_id: known.episode_id }),
    });
    await tx.setOutcome(known.id, standing.outcome, standing.evidence);
  }
  const isCounted = output_tokens !== undefined && known.tokens_counted_by === "server";
  if (isCounted && !(await isSettled(tx, known, report.created_at))) {
    await tx.setTokens(known.id, { output_tokens, input_tokens });
  }
  const [trace = known] = await tx.traces([known.id]);
  const cited = (await tx.citations(known.id)).map((citation) => citation.name);
  return { trace, cited, isNew: false };
}

/** Whether the time of its episode was up by then: what is in a report of the experiment never changes afterwards. */
async function isSettled(tx: LedgerReads, { episode_id }: Trace, at: string): Promise<boolean> {
  const draw = episode_id === undefined ? undefined : await tx.draw(episode_id);
  return draw !== undefined && at > draw.settles_at;
}

function namesIn(text: string, behaviors: readonly { name: string }[]): string[] {
  return citedNames(
    text,
    behaviors.map(({ name }) => name),
  );
}

async function checkImproves(tx: LedgerReads, id: string | undefined, handbook: string): Promise<void> {
  if (id === undefined) return;
  const [first] = await tx.traces([id]);
  if (first === undefined) throw unknownTrace(id);
  if (first.handbook !== handbook) throw wrongHandbook("trace", id, first.handbook);
}

export function unknownUse(id: string): HandbookError {
  return new HandbookError("UNKNOWN_USE", `there is no use "${id}"`, {
    fix: "Pass the use_id that retrieve_behaviors answered, or leave it out",
  });
}

export function unknownTrace(id: string): HandbookError {
  return new HandbookError("UNKNOWN_TRACE", `there is no trace "${id}"`, {
    fix: "Pass a trace_id that record_trace answered",
  });
}

export function wrongHandbook(kind: "use" | "trace", id: string, handbook: string): HandbookError {
  return new HandbookError("WRONG_HANDBOOK", `the ${kind} ${id} belongs to the handbook "${handbook}"`, {
    fix: `Pass handbook "${handbook}", or leave the ${kind} out`,
  });
}
