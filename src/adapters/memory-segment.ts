import { isServable } from "../model/behavior.ts";
import type { IndexDocument } from "../ports.ts";

/** The rules that the index applies, handed in by the composition: an adapter holds data, not decisions. */
export interface LexicalRules {
  terms(text: string): string[];
  pairs(sequence: readonly string[]): string[];
  idf(n: number, df: number): number;
  termGain(counts: TermCounts, lengths: FieldLengths, means: { name: number; when: number }): number;
  scoreCeiling(rarities: readonly number[]): number;
  pairWeight: number;
}
export type TermCounts = { name: number; when: number; body: number; solved: number };
export type FieldLengths = { name: number; when: number; body: number };

const SOLVED_TERMS = 64; // the rarest terms of the solved tasks; more of them is noise (recipe R1)
const COMPACT_AT = 0.5; // share of dead rows at which a handbook is packed anew

/** The servable behaviors of one handbook: postings per term, rows in arrival order, replaced rows dead. */
export class Segment {
  readonly postings = new Map<string, Postings>();
  readonly names: string[] = [];
  readonly topics: (string | undefined)[] = [];
  readonly lengths: FieldLengths[] = [];
  readonly pairLengths: FieldLengths[] = [];
  readonly alive: boolean[] = [];
  readonly totals = { name: 0, when: 0, namePairs: 0, whenPairs: 0 };
  size = 0;
  private readonly rowOf = new Map<string, number>();
  private readonly termsOf: string[][] = [];
  private readonly rules: LexicalRules;

  constructor(rules: LexicalRules) {
    this.rules = rules;
  }

  put(documents: readonly IndexDocument[]): void {
    for (const { name } of documents) this.remove(name);
    const analyzed = documents
      .filter(({ status }) => isServable(status))
      .map((document) => this.analyze(document));
    // All document frequencies first: which terms of the solved tasks are rare depends on them.
    for (const { counts } of analyzed) for (const term of counts.keys()) this.postingsOf(term).df++;
    for (const document of analyzed) this.add(document);
    if (this.names.length > 1000 && this.size < this.names.length * (1 - COMPACT_AT)) this.compact();
  }

  private analyze(document: IndexDocument) {
    const { terms, pairs } = this.rules;
    const name = terms(document.name.replace(/^behavior_/, "").replaceAll("_", " "));
    const when = terms(`${document.when} ${document.keywords.join(" ")}`);
    const body = terms(`${document.instruction} ${document.detail ?? ""}`);
    const namePairs = pairs(name);
    const whenPairs = pairs(when);
    const counts = new Map<string, TermCounts>();
    const count = (list: Iterable<string>, field: keyof TermCounts) => {
      for (const term of list) {
        const entry = counts.get(term) ?? { name: 0, when: 0, body: 0, solved: 0 };
        entry[field]++;
        counts.set(term, entry);
      }
    };
    count(name, "name");
    count(when, "when");
    count(body, "body");
    count(namePairs, "name");
    count(whenPairs, "when");
    for (const task of document.solved_tasks) count(new Set(terms(task)), "solved");
    return {
      document,
      counts,
      lengths: { name: name.length, when: when.length, body: body.length },
      pairLengths: { name: namePairs.length, when: whenPairs.length, body: 0 },
    };
  }

  private add({ document, counts, lengths, pairLengths }: ReturnType<Segment["analyze"]>): void {
    this.dropCommonSolvedTerms(counts);
    const row = this.names.length;
    this.names.push(document.name);
    this.topics.push(document.topic?.toLowerCase());
    this.lengths.push(lengths);
    this.pairLengths.push(pairLengths);
    this.alive.push(true);
    this.rowOf.set(document.name, row);
    this.termsOf.push([...counts.keys()]);
    for (const [term, entry] of counts) this.postingsOf(term).push(row, entry);
    this.addLengths(row, 1);
    this.size++;
  }

  private dropCommonSolvedTerms(counts: Map<string, TermCounts>): void {
    const solved = [...counts].filter(([, entry]) => entry.solved > 0);
    if (solved.length <= SOLVED_TERMS) return;
    const n = this.size + 1;
    const worth = ([term, entry]: [string, TermCounts]) =>
      entry.solved * this.rules.idf(Math.max(n, this.postingsOf(term).df), this.postingsOf(term).df);
    for (const [term, entry] of solved.sort((a, b) => worth(b) - worth(a)).slice(SOLVED_TERMS)) {
      entry.solved = 0;
      if (entry.name + entry.when + entry.body > 0) continue;
      counts.delete(term);
      this.postingsOf(term).df--;
    }
  }

  private remove(name: string): void {
    const row = this.rowOf.get(name);
    if (row === undefined) return;
    this.rowOf.delete(name);
    this.alive[row] = false;
    for (const term of this.termsOf[row] ?? []) this.postingsOf(term).df--;
    this.termsOf[row] = [];
    this.addLengths(row, -1);
    this.size--;
  }

  private addLengths(row: number, sign: 1 | -1): void {
    const lengths = this.lengths[row];
    const pairLengths = this.pairLengths[row];
    if (lengths === undefined || pairLengths === undefined) return;
    this.totals.name += sign * lengths.name;
    this.totals.when += sign * lengths.when;
    this.totals.namePairs += sign * pairLengths.name;
    this.totals.whenPairs += sign * pairLengths.when;
  }

  private postingsOf(term: string): Postings {
    const known = this.postings.get(term);
    if (known !== undefined) return known;
    const made = new Postings();
    this.postings.set(term, made);
    return made;
  }

  /** Renumbers the living rows and forgets the dead ones. */
  private compact(): void {
    const renumbered = new Map<number, number>();
    let next = 0;
    for (let row = 0; row < this.names.length; row++) if (this.alive[row]) renumbered.set(row, next++);
    for (const [term, postings] of this.postings) {
      if (postings.df === 0) this.postings.delete(term);
      else postings.renumber(renumbered);
    }
    keepRows(this.names, renumbered);
    keepRows(this.topics, renumbered);
    keepRows(this.lengths, renumbered);
    keepRows(this.pairLengths, renumbered);
    keepRows(this.termsOf, renumbered);
    keepRows(this.alive, renumbered);
    this.rowOf.clear();
    for (const [row, name] of this.names.entries()) this.rowOf.set(name, row);
  }
}

function keepRows<T>(column: T[], rows: ReadonlyMap<number, number>): void {
  const kept = column.filter((_, row) => rows.has(row));
  column.length = 0;
  for (const value of kept) column.push(value);
}

/** Rows that hold a term, with the four counts of the term packed into one number each. */
class Postings {
  df = 0;
  length = 0;
  rows = new Uint32Array(2);
  counts = new Uint32Array(2);

  push(row: number, { name, when, body, solved }: TermCounts): void {
    if (this.length === this.rows.length) {
      this.rows = grow(this.rows);
      this.counts = grow(this.counts);
    }
    this.rows[this.length] = row;
    // name 6 bits, when 8, body 12, solved 6; a field that repeats a term more often is not more relevant
    this.counts[this.length] =
      ((Math.min(name, 63) << 26) |
        (Math.min(when, 255) << 18) |
        (Math.min(body, 4095) << 6) |
        Math.min(solved, 63)) >>>
      0;
    this.length++;
  }

  renumber(rows: ReadonlyMap<number, number>): void {
    let kept = 0;
    for (let i = 0; i < this.length; i++) {
      const row = rows.get(this.rows[i] ?? -1);
      if (row === undefined) continue;
      this.rows[kept] = row;
      this.counts[kept] = this.counts[i] ?? 0;
      kept++;
    }
    this.length = kept;
  }
}

function grow(from: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const to = new Uint32Array(from.length * 2);
  to.set(from);
  return to;
}
