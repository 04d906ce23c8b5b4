import { PASSAGES } from "../src/adapters/lance/lance-rows.ts";
import { type BehaviorKey, isServable } from "../src/model/behavior.ts";
import type { Embedder } from "../src/ports/models.ts";
import type { IndexDocument, Ledger, Neighbor, VectorIndex } from "../src/ports.ts";

const BATCH = 64;

/**
 * The index by meaning as the program's own one, of the same texts, but exact, in memory, and never behind the
 * ledger: where the history changes before each query, a bench cannot wait seconds for an index to follow.
 */
export function exactVectors(ledger: Ledger, embedder: Embedder): VectorIndex {
  const vectors = new Map<string, Float32Array>();
  const documents = new Map<string, { key: BehaviorKey; texts: string[] }>();
  let seq = 0;

  async function embed(texts: readonly string[], as: "query" | "passage"): Promise<void> {
    const fresh = [...new Set(texts)].filter((text) => !vectors.has(`${as} ${text}`));
    for (let from = 0; from < fresh.length; from += BATCH) {
      const some = fresh.slice(from, from + BATCH);
      for (const [i, vector] of (await embedder.embed(some, as)).entries())
        vectors.set(`${as} ${some[i]}`, vector);
    }
  }

  async function follow(): Promise<void> {
    if ((await ledger.headSeq()) === seq) return;
    const changes = await ledger.changedBehaviors(seq, Number.MAX_SAFE_INTEGER);
    for (const document of changes.documents) put(document);
    await embed(
      changes.documents.flatMap((document) => PASSAGES.parts(document)),
      "passage",
    );
    seq = changes.seq;
  }

  function put(document: IndexDocument): void {
    const key = { handbook: document.handbook, name: document.name };
    if (isServable(document.status)) documents.set(idOf(key), { key, texts: PASSAGES.parts(document) });
    else documents.delete(idOf(key));
  }

  return {
    async search({ text, handbooks, limit, also }) {
      await follow();
      await embed([text], "query");
      const query = vectors.get(`query ${text}`);
      const cosine = (passage: string) => dot(query, vectors.get(`passage ${passage}`));
      const all = documents
        .values()
        .filter(({ key }) => handbooks.includes(key.handbook))
        .map(({ key, texts: [own = "", ...tasks] }): Neighbor => {
          const solved = tasks.length > 0 ? { solved: Math.max(...tasks.map(cosine)) } : {};
          return { ...key, similarity: cosine(own), ...solved };
        })
        .toArray()
        .sort((a, b) => best(b) - best(a));
      const near = all.slice(0, limit);
      const wanted = new Set(also.map(idOf));
      return [...near, ...all.slice(limit).filter((neighbor) => wanted.has(idOf(neighbor)))];
    },
    progress: () => ({ model: embedder.model, seq }),
    close: () => embedder.close(),
  };
}

function idOf({ handbook, name }: BehaviorKey): string {
  return `${handbook}/${name}`;
}

/** As the program orders what is near: by the nearer of its own text and the tasks solved with it. */
function best({ similarity, solved = -1 }: Neighbor): number {
  return Math.max(similarity, solved);
}

function dot(a: Float32Array | undefined, b: Float32Array | undefined): number {
  if (a === undefined || b === undefined) throw new Error("a text was not embedded");
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}
