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
    // Those with long histories come last: which of their terms are rare shows in the others.
    const [short, long] = [false, true].map((isLong) =>
      analyzed.filter((one) => one.hasLongHistory === isLong),
    );
    for (const document of short ?? []) this.add(document);
    for (const document of long ?? []) {
      this.dropCommonSolvedTerms(document.counts);
      this.add(document);
    }
    if (this.names.length > 1000 && this.size < this.names.length * (1 - COMPACT_AT)) this.compact();
  }

  private analyze(document: IndexDocument) {
    const { terms, pairs } = this.rules;
    const name = terms(document.name.replace(/^behavior_/, "").replaceAll("_", " "));
    const when = terms(`${document.when} ${document.keywords.join(" ")}`);
    const body = terms(`${document.instruction} ${document.detail ?? ""}`);
    const namePairs = pairs(name);
    const whenPairs = pairs(when);
    const counts = new Map<string, number>();
    const count = (list: Iterable<string>, field: keyof TermCounts) => {
      for (const term of list) counts.set(term, increased(counts.get(term) ?? 0, field));
    };
    count(name, "name");
    count(when, "when");
    count(body, "body");
    count(namePairs, "name");
    count(whenPairs, "when");
    const solved = document.solved_tasks.map((task) => new Set(terms(task)));
    for (const task of solved) count(task, "solved");
    return {
      document,
      counts,
      hasLongHistory: solved.reduce((sum, task) => sum + task.size, 0) > SOLVED_TERMS,
      lengths: { name: name.length, when: when.length, body: body.length },
      pairLengths: { name: namePairs.length, when: whenPairs.length, body: 0 },
    };
  }

  private add({ document, counts, lengths, pairLengths }: ReturnType<Segment["analyze"]>): void {
    const row = this.names.length;
    this.names.push(document.name);
    this.topics.push(document.topic?.toLowerCase());
    this.lengths.push(lengths);
    this.pairLengths.push(pairLengths);
    this.alive.push(true);
    this.rowOf.set(document.name, row);
    this.termsOf.push([...counts.keys()]);
    for (const [term, packed] of counts) this.postingsOf(term).push(row, packed);
    this.addLengths(row, 1);
    this.size++;
  }

  private dropCommonSolvedTerms(counts: Map<string, number>): void {
    const { most } = FIELDS.solved;
    const solved = [...counts].filter(([, packed]) => (packed & most) > 0);
    if (solved.length <= SOLVED_TERMS) return;
    const worth = new Map<string, number>();
    for (const [term, packed] of solved) {
      const { df } = this.postingsOf(term);
      worth.set(term, (packed & most) * this.rules.idf(Math.max(this.size + 1, df), df));
    }
    solved.sort(([a], [b]) => (worth.get(b) ?? 0) - (worth.get(a) ?? 0));
    for (const [term, packed] of solved.slice(SOLVED_TERMS)) {
      const rest = packed & ~most;
      if (rest > 0) counts.set(term, rest);
      else counts.delete(term);
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

/**
 * Rows that hold a term, and beside each the four counts of the term in one small integer. Plain arrays: most terms
 * stand in one row, and a typed array for each would cost more than it holds.
 */
class Postings {
  df = 0;
  rows: number[] = [];
  counts: number[] = [];

  push(row: number, counts: number): void {
    this.df++;
    this.rows.push(row);
    this.counts.push(counts);
  }

  renumber(renumbered: ReadonlyMap<number, number>): void {
    this.counts = this.counts.filter((_, at) => renumbered.has(this.rows[at] ?? -1));
    this.rows = this.rows.flatMap((row) => renumbered.get(row) ?? []);
  }
}

// 5, 7, 12 and 6 bits. A field that repeats a term more often than fits is not more relevant for it.
const FIELDS = {
  name: { shift: 25, most: 31 },
  when: { shift: 18, most: 127 },
  body: { shift: 6, most: 4095 },
  solved: { shift: 0, most: 63 },
};

function increased(counts: number, field: keyof TermCounts): number {
  const { shift, most } = FIELDS[field];
  return ((counts >>> shift) & most) < most ? counts + (1 << shift) : counts;
}

/** Writes packed counts into `into`, which a loop can use again. */
export function unpackCounts(counts: number, into: TermCounts): TermCounts {
  into.name = counts >>> FIELDS.name.shift;
  into.when = (counts >>> FIELDS.when.shift) & FIELDS.when.most;
  into.body = (counts >>> FIELDS.body.shift) & FIELDS.body.most;
  into.solved = counts & FIELDS.solved.most;
  return into;
}
