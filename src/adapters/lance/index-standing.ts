import type { IndexGeneration } from "../../ports/index-state.ts";
import type { Embedder } from "../../ports/models.ts";
import type { Ledger } from "../../ports.ts";

/** Which index is asked about. */
export interface Standings {
  ledger: Ledger;
  /** Names the index in the ledger and its tables. Rows of another meaning need another name. */
  index: string;
  embedder?: Embedder | undefined;
}

/** How an index stands in the ledger. */
export interface Standing {
  /** The table that answers. */
  published: IndexGeneration | undefined;
  /** The one that is to take its place. */
  next: IndexGeneration | undefined;
  /** Tables that nobody reads any more. */
  superseded: IndexGeneration[];
  head: number;
}

const KEEP_SUPERSEDED_MS = 60_000; // for readers that have not looked at the ledger yet

export function modelOf({ embedder }: Pick<Standings, "embedder">): string {
  return embedder?.model ?? "";
}

export function leaseName(index: string, model: string): string {
  return `${index}:${model}`;
}

/** Every model has tables of its own, so that processes with different models do not undo each other's work. */
export async function standingOf(of: Standings): Promise<Standing> {
  const { ledger, index } = of;
  const generations = await ledger.indexGenerations(index);
  const head = await ledger.headSeq(); // read last, so that no watermark is ahead of it
  const own = generations.filter(({ model }) => model === modelOf(of));
  const published = own.findLast(({ published_at }) => published_at !== undefined);
  const newest = own.at(-1);
  const next = newest === published ? undefined : newest;
  const keepUntil = Date.parse(published?.published_at ?? "") + KEEP_SUPERSEDED_MS;
  const superseded = own.filter(
    (one) =>
      one !== published &&
      one !== next &&
      (one.published_at === undefined || (published !== undefined && Date.now() > keepUntil)),
  );
  return { published, next, superseded, head };
}

export function hasWork({ published, next, superseded, head }: Standing): boolean {
  return published?.watermark !== head || next !== undefined || superseded.length > 0;
}
