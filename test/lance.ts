import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@lancedb/lancedb";
import type { LancePlace } from "../src/adapters/lance/lance-library.ts";
import { lanceTexts } from "../src/adapters/lance/lance-texts.ts";
import { lanceVectors } from "../src/adapters/lance/lance-vectors.ts";
import { type Behavior, isServable } from "../src/model/behavior.ts";
import type { Embedder } from "../src/ports/models.ts";
import type { IndexDocument, Ledger } from "../src/ports.ts";
import type { S3Server } from "./s3-server.ts";
import { startAcknowledging } from "./writers.ts";

/** Adds a behavior, or the next revision of one. */
export async function put(
  ledger: Ledger,
  name: string,
  fields: Partial<Behavior> & { sources?: string[] } = {},
): Promise<void> {
  const { sources = [], ...rest } = fields;
  await ledger.write(async (tx) => {
    const handbook = rest.handbook ?? "default";
    const current = await tx.behavior({ handbook, name });
    await tx.addRevision({
      handbook,
      name,
      revision: (current?.revision ?? 0) + 1,
      status: "active",
      instruction: `Do ${name}.`,
      when: "",
      keywords: [],
      provenance: { author: "import", trace_ids: sources },
      reason: "",
      created_at: new Date().toISOString(),
      ...rest,
    });
  });
}

export interface Place {
  ledger: Ledger;
  path: string;
  /** An object storage for the tables, in place of a directory. */
  s3?: Pick<S3Server, "storage"> | undefined;
}

function tablesOf({ path, s3 }: Place): LancePlace {
  return s3 ? { uri: "s3://bucket/index", storage: s3.storage } : { uri: join(path, "lancedb") };
}

/** Tests wait for a dead process's lease, so it is short. */
export const SHORT_TTL_MS = 1500;

export function vectorsAt(place: Place, embedder: Embedder, waitMs = 5000) {
  const at = { ledger: place.ledger, home: place.path, ...tablesOf(place) };
  return lanceVectors({ ...at, embedder, waitMs, pollMs: 50, ttlMs: SHORT_TTL_MS });
}

export function textsAt(place: Place) {
  const at = { ledger: place.ledger, home: place.path, ...tablesOf(place) };
  return lanceTexts({ ...at, waitMs: 5000, pollMs: 50, ttlMs: SHORT_TTL_MS });
}

/** What `look` finds, once it finds something. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false>,
  withinMs = 15_000,
): Promise<T> {
  for (const deadline = performance.now() + withinMs; ; ) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${look}`);
    await sleep(25);
  }
}

/** Waits until an index has read everything that the ledger holds. */
export async function upToDate(ledger: Ledger, index: { progress(): { seq: number } }): Promise<void> {
  await eventually(async () => index.progress().seq >= (await ledger.headSeq()));
}

/** The ids of all rows of the table that answers, sorted, duplicates included. */
export async function storedIds(place: Place, index: "vectors" | "texts"): Promise<string[]> {
  const published = (await place.ledger.indexGenerations(index)).findLast(({ published_at }) => published_at);
  const { uri, storage } = tablesOf(place);
  const db = await connect(uri, { storageOptions: { ...storage?.options } });
  const table = await db.openTable(published?.table ?? "");
  const rows = await table.query().select(["id"]).toArray();
  db.close();
  return rows.map(({ id }) => String(id)).sort();
}

/** The ids that an index by meaning must have, sorted. */
export async function wantedIds(ledger: Ledger): Promise<string[]> {
  const documents: IndexDocument[] = [];
  for (let seq = 0; ; ) {
    const changes = await ledger.changedBehaviors(seq, 1000);
    if (changes.documents.length === 0) break;
    documents.push(...changes.documents);
    seq = changes.seq;
  }
  return documents
    .filter(({ status }) => isServable(status))
    .flatMap(({ handbook, name, solved_tasks }) =>
      ["", ...solved_tasks].map((_, part) => `${handbook}/${name}#${part}`),
    )
    .sort();
}

/** A process that submits behaviors and follows the ledger with an embedder: see vector-process.ts. */
export function startVectorProcess(path: string, label: string, submissions: number, s3?: Place["s3"]) {
  const args = [path, label, String(submissions), ...(s3 ? [JSON.stringify(s3)] : [])];
  return startAcknowledging("vector-process.ts", args);
}
