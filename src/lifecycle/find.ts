import type { Hit, Neighbor, Ports, Search, Source } from "../ports.ts";
import { fuse } from "../rules/fusion.ts";

const CANDIDATES = 50; // of each source, so that most of what one finds has been judged by the other

/**
 * Behaviors by their words and, where an embedder is on, by their meaning, best first, with the
 * cosines that are known, and which sources answered.
 * Meaning is waited for briefly; without it the answer is the one of the words.
 */
export async function findBehaviors(
  { index, vectors }: Pick<Ports, "index" | "vectors">,
  search: Search,
): Promise<{ hits: Hit[]; neighbors: Neighbor[]; sources: Source[] }> {
  if (vectors === undefined || search.text.trim() === "") {
    return { ...(await index.search(search)), neighbors: [] };
  }
  const wide = { ...search, limit: Math.max(search.limit, CANDIDATES) };
  const { hits, sources } = await index.search(wide);
  const neighbors = await vectors.search({ ...wide, also: hits });
  const found = neighbors === undefined ? hits : fuse(hits, neighbors);
  return {
    hits: found.slice(0, search.limit),
    neighbors: neighbors ?? [],
    sources: neighbors === undefined ? sources : [...sources, "vectors"],
  };
}
