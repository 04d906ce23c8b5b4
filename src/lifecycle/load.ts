import { isDeepStrictEqual } from "node:util";
import type { Behavior, Provenance, Status } from "../model/behavior.ts";
import type { LedgerReads, LedgerWrites, Ports } from "../ports.ts";
import { unsafeReason } from "../rules/screening.ts";
import { handbookToWrite, redactedBehavior } from "./handbooks.ts";

/** A behavior from a file. */
export type LoadedBehavior = Pick<Behavior, "name" | "instruction" | "when" | "keywords"> & {
  topic?: string | undefined;
  detail?: string | undefined;
  status?: Status | undefined;
  /** Where it is from, beyond the file; a change of it alone changes nothing. */
  source?: string | undefined;
};

export interface HandbookToLoad {
  handbook: string;
  description?: string | undefined;
  behaviors: readonly LoadedBehavior[];
}

export interface Loaded {
  added: number;
  revised: number;
  unchanged: number;
  /** Left as a person had changed them here. */
  kept: number;
  /** Held back for approval, of those added or revised. */
  quarantined: number;
}

const PER_TRANSACTION = 200;

/**
 * Takes the behaviors of a file into a handbook: new names are added, changed texts become revisions, nothing is
 * removed. A starter leaves alone what somebody changed here. Unsafe texts are held back for approval.
 */
export async function loadHandbook(
  ports: Ports,
  file: HandbookToLoad,
  author: Extract<Provenance["author"], "import" | "starter">,
): Promise<Loaded> {
  const loaded: Loaded = { added: 0, revised: 0, unchanged: 0, kept: 0, quarantined: 0 };
  const created_at = ports.now().toISOString();
  await ports.ledger.write((tx) => handbookToWrite(tx, file.handbook, created_at, file.description));
  for (let i = 0; i < file.behaviors.length; i += PER_TRANSACTION) {
    const clean: LoadedBehavior[] = [];
    for (const behavior of file.behaviors.slice(i, i + PER_TRANSACTION)) {
      clean.push(await redactedBehavior(ports, behavior));
    }
    const batch = await ports.ledger.write(async (tx) => {
      const tally: Loaded = { added: 0, revised: 0, unchanged: 0, kept: 0, quarantined: 0 };
      for (const behavior of clean) {
        const { kind, status } = await loadOne(tx, file.handbook, behavior, author, created_at);
        tally[kind]++;
        if (status === "quarantined") tally.quarantined++;
      }
      return tally;
    });
    for (const key of Object.keys(loaded) as (keyof Loaded)[]) loaded[key] += batch[key];
  }
  return loaded;
}

async function loadOne(
  tx: LedgerReads & LedgerWrites,
  handbook: string,
  { name, instruction, when, keywords, topic, detail, status, source }: LoadedBehavior,
  author: "import" | "starter",
  created_at: string,
): Promise<{ kind: "added" | "revised" | "unchanged" | "kept"; status?: Status }> {
  const text = {
    instruction,
    when,
    keywords,
    ...(topic && { topic }),
    ...(detail !== undefined && { detail }),
  };
  const current = await tx.behavior({ handbook, name });
  if (current !== undefined) {
    if (isDeepStrictEqual({ ...current, topic, detail, ...text }, { topic, detail, ...current }))
      return { kind: "unchanged" };
    if (author === "starter" && current.provenance.author !== "starter") return { kind: "kept" };
  }
  const unsafe = unsafeReason(text);
  const fresh = author === "starter" ? "active" : (status ?? "probation");
  const loaded: Behavior = {
    handbook,
    name,
    revision: (current?.revision ?? 0) + 1,
    status: unsafe === undefined ? (current?.status ?? fresh) : "quarantined",
    ...text,
    provenance: { author, ...(source !== undefined && { source }), trace_ids: [] },
    reason: unsafe === undefined ? "loaded from a file" : `held back until a person approves it: ${unsafe}`,
    created_at,
  };
  await tx.addRevision(loaded);
  return { kind: current === undefined ? "added" : "revised", status: loaded.status };
}
