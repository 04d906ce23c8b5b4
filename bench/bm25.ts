import { terms } from "../src/rules/terms.ts";
import type { Document } from "./labelled-sets.ts";

const K1 = 1.2;
const B = 0.75;

/**
 * Plain BM25 over name and text as one field, with every term of the query as often as it stands there: what a common
 * full-text engine does. The same stems and stop words as the program's, but one-character tokens stay, as they do
 * there; `likeOurs` takes the program's terms as they are.
 *
 * Source: Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", §3.4.
 */
export function plainBm25(documents: readonly Document[], likeOurs = false): (query: string) => string[] {
  const tokens = likeOurs ? terms : withSingleCharacters;
  const postings = new Map<string, Map<number, number>>();
  const lengths: number[] = [];
  for (const [row, { name, text }] of documents.entries()) {
    const all = tokens(`${name} ${text}`);
    lengths.push(all.length);
    for (const token of all) {
      const rows = postings.get(token) ?? new Map<number, number>();
      postings.set(token, rows.set(row, (rows.get(row) ?? 0) + 1));
    }
  }
  const n = documents.length;
  const meanLength = lengths.reduce((sum, length) => sum + length, 0) / n;
  return (query) => {
    const scores = new Map<number, number>();
    for (const token of tokens(query)) {
      const rows = postings.get(token);
      if (rows === undefined) continue;
      const idf = Math.log(1 + (n - rows.size + 0.5) / (rows.size + 0.5));
      for (const [row, tf] of rows) {
        const norm = K1 * (1 - B + (B * (lengths[row] ?? 0)) / meanLength);
        scores.set(row, (scores.get(row) ?? 0) + (idf * tf * (K1 + 1)) / (tf + norm));
      }
    }
    const best = [...scores].sort(([a, x], [b, y]) => y - x || a - b);
    return best.slice(0, 10).map(([row]) => documents[row]?.id ?? "");
  };
}

function withSingleCharacters(text: string): string[] {
  const words =
    text
      .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  return words.flatMap((word) => (/^[b-hj-z0-9]$/.test(word) ? word : terms(word)));
}
