import type { HandbookCounts, Ports } from "../ports.ts";
import { type Attention, needsAttention } from "../rules/attention.ts";
import { handbookToRead } from "./handbooks.ts";

export interface HandbookReport {
  handbook: string;
  since?: string | undefined;
  counts: HandbookCounts;
  /** What the handbook changes, with its interval; until a share of the tasks is held out, nobody can know. */
  lift: { tokens: string; success: string };
  most_cited: { name: string; cited: number; succeeded: number; failed: number }[];
  attention: Attention[];
}

const MOST_CITED = 10;
const NO_CONTROL = "not enough data yet: no task has been held out";

/**
 * What a handbook holds, how it was used and what needs a person's eye.
 *
 * Throws: UNKNOWN_HANDBOOK.
 */
export async function measure(
  ports: Ports,
  input: { handbook?: string | undefined; since?: string | undefined },
): Promise<HandbookReport> {
  const handbook = await handbookToRead(ports.ledger, input.handbook);
  const counts = await ports.ledger.counts(handbook, input.since);
  const usage = await ports.ledger.usage(handbook, input.since);
  const most_cited = await ports.ledger.mostCited(handbook, input.since, MOST_CITED);
  return {
    handbook,
    ...(input.since !== undefined && { since: input.since }),
    counts,
    lift: { tokens: NO_CONTROL, success: NO_CONTROL },
    most_cited,
    attention: needsAttention(usage),
  };
}
