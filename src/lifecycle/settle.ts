import { HandbookError } from "../errors.ts";
import type { Evidence, Outcome, OutcomeReport } from "../model/outcome.ts";
import type { LedgerReads, LedgerWrites, Ports } from "../ports.ts";
import { isSame, settledBy, UNSTATED } from "../rules/evidence.ts";
import { redacted } from "./handbooks.ts";
import { unknownTrace, unknownUse } from "./record.ts";

export interface Statement {
  trace_id?: string | undefined;
  use_id?: string | undefined;
  outcome: Outcome;
  evidence: Evidence;
  note?: string | undefined;
  agent?: string | undefined;
}

export interface Settled {
  /** Absent when the use has no trace yet; the statement then waits for it. */
  trace_id?: string | undefined;
  /** What stands now. */
  outcome: Outcome;
  changed: boolean;
}

/**
 * Takes a later statement about how an attempt ended, by its trace or by a use of its task. Stronger evidence
 * overrides weaker, of equal evidence the latest wins; the same statement again changes nothing.
 *
 * Throws: INVALID_INPUT unless exactly one id is given; UNKNOWN_TRACE, UNKNOWN_USE.
 */
export async function settle(ports: Ports, statement: Statement): Promise<Settled> {
  if ((statement.trace_id === undefined) === (statement.use_id === undefined)) {
    throw new HandbookError("INVALID_INPUT", "an outcome is about either a trace or a use", {
      fix: "Pass trace_id or use_id, one of them",
    });
  }
  const { texts } = await redacted(ports, { note: statement.note });
  const id = ports.newId();
  const created_at = ports.now().toISOString();
  return ports.ledger.write(async (tx) => {
    const about = await subject(tx, statement);
    const reports = await tx.outcomeReports(
      about.trace === undefined ? { episode_id: about.episode_id ?? "" } : { trace_id: about.trace.id },
    );
    const report: OutcomeReport = {
      id,
      ...(about.trace !== undefined && { trace_id: about.trace.id }),
      ...(about.episode_id !== undefined && { episode_id: about.episode_id }),
      outcome: statement.outcome,
      evidence: statement.evidence,
      ...(texts.note !== undefined && { note: texts.note }),
      ...(statement.agent !== undefined && { agent: statement.agent }),
      created_at,
    };
    const last = reports.at(-1);
    if (last === undefined || !isSame(last, report) || last.note !== report.note)
      await tx.addOutcomeReport(report);

    const before = about.trace ?? reports.reduce(settledBy, UNSTATED);
    const after = settledBy(before, report);
    const changed = !isSame(before, after);
    if (changed && about.trace !== undefined)
      await tx.setOutcome(about.trace.id, after.outcome, after.evidence);
    return {
      ...(about.trace !== undefined && { trace_id: about.trace.id }),
      outcome: after.outcome,
      changed,
    };
  });
}

async function subject(tx: LedgerReads & LedgerWrites, { trace_id, use_id }: Statement) {
  if (trace_id !== undefined) {
    const [trace] = await tx.traces([trace_id]);
    if (trace === undefined) throw unknownTrace(trace_id);
    return { trace, episode_id: trace.episode_id };
  }
  const use = use_id === undefined ? undefined : await tx.use(use_id);
  if (use === undefined) throw unknownUse(use_id ?? "");
  return { trace: await tx.latestTraceOfEpisode(use.episode_id), episode_id: use.episode_id };
}
