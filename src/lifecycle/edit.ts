import { isDeepStrictEqual } from "node:util";
import { HandbookError } from "../errors.ts";
import type { Behavior, Status } from "../model/behavior.ts";
import type { LedgerReads, Ports } from "../ports.ts";
import { unsafeReason } from "../rules/screening.ts";
import { handbookToRead, homeHandbook, redacted, redactedBehavior } from "./handbooks.ts";
import { unknownBehavior } from "./retrieve.ts";

const MAX_REASON = 2000;

export interface Edit {
  name: string;
  action: "revise" | "retire" | "restore" | "approve";
  reason: string;
  instruction?: string | undefined;
  when?: string | undefined;
  keywords?: string[] | undefined;
  topic?: string | undefined;
  detail?: string | undefined;
  handbook?: string | undefined;
  agent?: string | undefined;
}

/**
 * Changes the text or the status of a behavior as a new revision; earlier ones are kept. An edit that changes
 * nothing makes no revision.
 *
 * `approve` makes a behavior active, `retire` takes it out of service, `restore` gives it the status it had before
 * it was retired. A revision that changes the text to an unsafe one is held back for approval.
 *
 * Throws: UNKNOWN_HANDBOOK, UNKNOWN_BEHAVIOR, INVALID_INPUT.
 */
export async function edit(ports: Ports, input: Edit): Promise<Behavior> {
  const handbook = await handbookToRead(ports.ledger, input.handbook ?? homeHandbook(ports));
  const { instruction, when, keywords, topic, detail } = input;
  const changes = await redactedBehavior(ports, { instruction, when, keywords, topic, detail });
  const { texts } = await redacted(ports, { reason: input.reason });
  const reason = texts.reason ?? "";
  checkFields(input.action, Object.keys(changes));

  return ports.ledger.write(async (tx) => {
    const current = await tx.behavior({ handbook, name: input.name });
    if (current === undefined) throw await unknownBehavior(tx, input.name, handbook);
    const changed = { ...current, ...changes };
    const unsafe = isDeepStrictEqual(changed, current) ? undefined : unsafeReason(changed);
    const status = unsafe === undefined ? await nextStatus(tx, changed, input.action) : "quarantined";
    if (isDeepStrictEqual({ ...changed, status }, current)) return current;
    const { agent: _, ...words } = current.provenance;
    const revision: Behavior = {
      ...changed,
      status,
      revision: current.revision + 1,
      provenance: {
        // A change of status leaves the words to whoever wrote them, but is not theirs who made the last one.
        ...(input.action === "revise" ? { author: "edit" as const, trace_ids: [] } : words),
        ...(input.agent !== undefined && { agent: input.agent }),
      },
      reason: unsafe === undefined ? reason : heldBack(unsafe, reason),
      created_at: ports.now().toISOString(),
    };
    await tx.addRevision(revision);
    return revision;
  });
}

function heldBack(unsafe: string, reason: string): string {
  return `held back until a person approves it: ${unsafe}. ${reason}`.slice(0, MAX_REASON).toWellFormed();
}

function checkFields(action: Edit["action"], fields: readonly string[]): void {
  if (action === "revise" && fields.length === 0) {
    throw new HandbookError("INVALID_INPUT", "nothing to revise was given", {
      fix: "Pass instruction, when, keywords, topic or detail",
    });
  }
  if (action !== "revise" && fields.length > 0) {
    throw new HandbookError("INVALID_INPUT", `${fields.join(", ")} cannot go with the action ${action}`, {
      fix: 'Pass the action "revise" to change the text, in a call of its own',
    });
  }
}

async function nextStatus(ledger: LedgerReads, behavior: Behavior, action: Edit["action"]): Promise<Status> {
  switch (action) {
    case "revise":
      return behavior.status;
    case "approve":
      return "active";
    case "retire":
      return "retired";
    case "restore": {
      if (behavior.status !== "retired") return behavior.status;
      const earlier = (await ledger.revisions(behavior)).findLast(
        (revision) => revision.status !== "retired",
      );
      return earlier?.status ?? "probation";
    }
  }
}
