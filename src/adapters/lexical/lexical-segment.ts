import { isServable } from "../../model/behavior.ts";
import type { IndexDocument } from "../../ports.ts";
import {
  type Block,
  blockOf,
  documentFrequency,
  findRow,
  hashOf,
  LENGTHS,
  type Lengths,
  mergeBlocks,
} from "./lexical-block.ts";
import { analyze, type LexicalRules } from "./lexical-documents.ts";

const MOST_ROWS = 2_000_000; // of one block: see lexical-block.ts

/**
 * The servable behaviors of one handbook, as a few blocks of falling size. What changes becomes a small block of its
 * own and is merged with its neighbors as they come to equal it in size (a log-structured merge), so that an
 * update costs little and a search meets few blocks.
 */
export class Segment {
  blocks: Block[];
  private readonly rules: LexicalRules;

  constructor(rules: LexicalRules, blocks: Block[] = []) {
    this.rules = rules;
    this.blocks = blocks;
  }

  get size(): number {
    return this.blocks.reduce((sum, { size }) => sum + size, 0);
  }

  /** Summed over the living rows. */
  totals(): Lengths {
    const totals = { ...NOTHING };
    for (const block of this.blocks) {
      block.totals ??= sumOfLengths(block);
      for (const field of LENGTHS) totals[field] += block.totals[field];
    }
    return totals;
  }

  documentFrequency(hash: number, byOwnText = false): number {
    let sum = 0;
    for (const block of this.blocks) sum += documentFrequency(block, hash, byOwnText);
    return sum;
  }

  put(documents: readonly IndexDocument[]): void {
    for (const { name } of documents) this.remove(name);
    const n = this.size + documents.length;
    const rareHere = (term: string) => {
      const df = this.documentFrequency(hashOf(term));
      return this.rules.idf(n, df);
    };
    const rarity = this.rules.rarity ?? rareHere;
    const servable = documents.filter(({ status }) => isServable(status));
    if (servable.length > 0)
      this.blocks.push(blockOf(servable.map((document) => analyze(this.rules, document, rarity))));
    this.pack();
  }

  private remove(name: string): void {
    for (const block of this.blocks) {
      const row = findRow(block, name);
      if (row < 0) continue;
      block.alive[row] = 0;
      block.size--;
      delete block.totals;
    }
  }

  private pack(): void {
    this.blocks = this.blocks.flatMap((block) => {
      if (block.size === 0) return [];
      return block.size * 2 < block.alive.length ? [mergeBlocks(block, blockOf([]))] : [block];
    });
    for (;;) {
      const [older, newer] = this.blocks.slice(-2);
      if (older === undefined || newer === undefined) return;
      if (newer.size * 2 < older.size || older.size + newer.size > MOST_ROWS) return;
      this.blocks.splice(-2, 2, mergeBlocks(older, newer));
    }
  }
}

const NOTHING: Lengths = { name: 0, when: 0, body: 0, namePairs: 0, whenPairs: 0, tasks: 0 };

function sumOfLengths({ alive, lengths }: Block): Lengths {
  const sums = { ...NOTHING };
  for (let row = 0; row < alive.length; row++) {
    if (alive[row] === 0) continue;
    for (const [at, field] of LENGTHS.entries()) sums[field] += lengths[row * LENGTHS.length + at] as number;
  }
  return sums;
}
