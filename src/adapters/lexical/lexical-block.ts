import { isInOwnText } from "./lexical-documents.ts";

/**
 * Behaviors of one handbook, frozen into typed arrays: a dictionary of hashed terms, sorted, and for each term the
 * rows that hold it with its packed counts. What changes later is only which rows are alive. A few flat arrays are
 * compact, cheap to merge, and can be written to a file and read back as they are.
 *
 * Terms are kept as 32-bit hashes: among 3 million distinct ones a query's term meets a stranger's postings with a
 * probability below 0.1 %.
 */
export interface Block {
  /** Sorted, distinct. */
  hashes: Uint32Array;
  /** Where the postings of a term begin; one more than there are terms. */
  offsets: Uint32Array;
  postingRows: Uint32Array;
  postingCounts: Uint32Array;
  /** `LENGTHS` of each row, in terms. */
  lengths: Uint16Array;
  /** UTF-8, and where each row's name ends. */
  names: Uint8Array;
  nameEnds: Uint32Array;
  /** Place in `topicNames` + 1; 0 for none. */
  topics: Uint32Array;
  topicNames: readonly string[];
  alive: Uint8Array;
  /** How many rows are alive. */
  size: number;
  /** Lengths summed over the living rows, made when first asked for. */
  totals?: Lengths;
  /** Rows by the hash of their name, made when first looked for. */
  byName?: Float64Array;
}

/** What is kept of a row's lengths, in this order; `tasks` is how many solved tasks it has. */
export const LENGTHS = ["name", "when", "body", "namePairs", "whenPairs", "tasks"] as const;
export type Lengths = Record<(typeof LENGTHS)[number], number>;

/** A behavior taken apart into terms, each with its packed counts. */
export interface Analyzed {
  name: string;
  topic: string | undefined;
  counts: ReadonlyMap<string, number>;
  lengths: Lengths;
}

const MAX_LENGTH = 65_535;
const ROW_RANGE = 2 ** 21; // rows and postings of one block stay below it, so that hash and place fit a double
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** FNV-1a over UTF-16 units, with MurmurHash3's finalizer: short words differ in all bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Rows in the order given. At most two million postings, which a few hundred behaviors never have. */
export function blockOf(documents: readonly Analyzed[]): Block {
  const total = documents.reduce((sum, { counts }) => sum + counts.size, 0);
  if (total >= ROW_RANGE && documents.length > 1) {
    const half = documents.length >> 1;
    return mergeBlocks(blockOf(documents.slice(0, half)), blockOf(documents.slice(half)));
  }
  // Hash and place in one number, so that the platform's own sort of numbers can be used.
  const order = new Float64Array(total);
  const rows = new Uint32Array(total);
  const packed = new Uint32Array(total);
  let place = 0;
  for (const [row, { counts }] of documents.entries()) {
    for (const [term, count] of counts) {
      order[place] = hashOf(term) * ROW_RANGE + place;
      rows[place] = row;
      packed[place++] = count;
    }
  }
  order.sort();
  const hashes = new Uint32Array(total);
  const offsets = new Uint32Array(total + 1);
  const postingRows = new Uint32Array(total);
  const postingCounts = new Uint32Array(total);
  let terms = 0;
  for (let at = 0; at < total; at++) {
    const key = order[at] as number;
    const hash = Math.floor(key / ROW_RANGE);
    if (at === 0 || hashes[terms - 1] !== hash) {
      offsets[terms] = at;
      hashes[terms++] = hash;
    }
    const from = key - hash * ROW_RANGE;
    postingRows[at] = rows[from] as number;
    postingCounts[at] = packed[from] as number;
  }
  offsets[terms] = total;

  const topicNames = [...new Set(documents.flatMap(({ topic }) => topic ?? []))];
  const encoded = documents.map(({ name }) => encoder.encode(name));
  const nameEnds = new Uint32Array(documents.length);
  const names = new Uint8Array(encoded.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const [row, name] of encoded.entries()) {
    names.set(name, end);
    end += name.length;
    nameEnds[row] = end;
  }
  return {
    hashes: hashes.slice(0, terms),
    offsets: offsets.slice(0, terms + 1),
    postingRows,
    postingCounts,
    lengths: Uint16Array.from(
      documents.flatMap(({ lengths }) => LENGTHS.map((field) => Math.min(MAX_LENGTH, lengths[field]))),
    ),
    names,
    nameEnds,
    topics: Uint32Array.from(documents, ({ topic }) =>
      topic === undefined ? 0 : topicNames.indexOf(topic) + 1,
    ),
    topicNames,
    alive: new Uint8Array(documents.length).fill(1),
    size: documents.length,
  };
}

/** Both in one, without the rows that are dead: those of `a` first. */
export function mergeBlocks(a: Block, b: Block): Block {
  const rowsOfA = livingRows(a, 0);
  const rowsOfB = livingRows(b, a.size);
  const most = a.postingRows.length + b.postingRows.length;
  const hashes = new Uint32Array(a.hashes.length + b.hashes.length);
  const offsets = new Uint32Array(hashes.length + 1);
  const postingRows = new Uint32Array(most);
  const postingCounts = new Uint32Array(most);
  let postings = 0;
  const copy = (block: Block, term: number, rows: Uint32Array) => {
    const end = block.offsets[term + 1] as number;
    for (let at = block.offsets[term] as number; at < end; at++) {
      const row = rows[block.postingRows[at] as number] as number;
      if (row === DEAD) continue;
      postingRows[postings] = row;
      postingCounts[postings++] = block.postingCounts[at] as number;
    }
  };
  let terms = 0;
  let inA = 0;
  let inB = 0;
  while (inA < a.hashes.length || inB < b.hashes.length) {
    const nextA = a.hashes[inA] ?? Number.POSITIVE_INFINITY;
    const nextB = b.hashes[inB] ?? Number.POSITIVE_INFINITY;
    const start = postings;
    if (nextA <= nextB) copy(a, inA++, rowsOfA);
    if (nextB <= nextA) copy(b, inB++, rowsOfB);
    if (postings === start) continue;
    offsets[terms] = start;
    hashes[terms++] = Math.min(nextA, nextB);
  }
  offsets[terms] = postings;

  const topicNames = [...new Set([...a.topicNames, ...b.topicNames])];
  const size = a.size + b.size;
  const merged = {
    hashes: hashes.slice(0, terms),
    offsets: offsets.slice(0, terms + 1),
    postingRows: postingRows.slice(0, postings),
    postingCounts: postingCounts.slice(0, postings),
    lengths: new Uint16Array(size * LENGTHS.length),
    names: new Uint8Array(a.names.length + b.names.length),
    nameEnds: new Uint32Array(size),
    topics: new Uint32Array(size),
    topicNames,
    alive: new Uint8Array(size).fill(1),
    size,
  };
  let end = 0;
  for (const [block, rows] of [
    [a, rowsOfA],
    [b, rowsOfB],
  ] as const) {
    const topics = [0, ...block.topicNames.map((topic) => topicNames.indexOf(topic) + 1)];
    for (let from = 0; from < rows.length; from++) {
      const row = rows[from] as number;
      if (row === DEAD) continue;
      const lengths = block.lengths.subarray(from * LENGTHS.length, (from + 1) * LENGTHS.length);
      merged.lengths.set(lengths, row * LENGTHS.length);
      merged.topics[row] = topics[block.topics[from] as number] as number;
      const name = nameBytes(block, from);
      merged.names.set(name, end);
      end += name.length;
      merged.nameEnds[row] = end;
    }
  }
  return { ...merged, names: merged.names.slice(0, end) };
}

/** The place of a term in the dictionary, or -1. */
export function findTerm({ hashes }: Block, hash: number): number {
  let low = 0;
  let high = hashes.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = hashes[middle] as number;
    if (found === hash) return middle;
    if (found < hash) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** How many living rows hold a term; those that hold it in their own text, where only that counts. */
export function documentFrequency(block: Block, hash: number, byOwnText = false): number {
  const term = findTerm(block, hash);
  if (term < 0) return 0;
  const start = block.offsets[term] as number;
  const end = block.offsets[term + 1] as number;
  if (block.size === block.alive.length && !byOwnText) return end - start;
  let living = 0;
  for (let at = start; at < end; at++) {
    if (byOwnText && !isInOwnText(block.postingCounts[at] as number)) continue;
    living += block.alive[block.postingRows[at] as number] as number;
  }
  return living;
}

export function nameOf(block: Block, row: number): string {
  return decoder.decode(nameBytes(block, row));
}

/** The living row of a name, or -1. */
export function findRow(block: Block, name: string): number {
  block.byName ??= rowsByName(block);
  const first = hashOf(name) * ROW_RANGE;
  let low = 0;
  let high = block.byName.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((block.byName[middle] as number) < first) low = middle + 1;
    else high = middle;
  }
  for (let at = low; (block.byName[at] ?? Number.POSITIVE_INFINITY) < first + ROW_RANGE; at++) {
    const row = (block.byName[at] as number) - first;
    if (block.alive[row] === 1 && nameOf(block, row) === name) return row;
  }
  return -1;
}

const DEAD = 0xffffffff;

/** The new place of each row, from `first` on; `DEAD` for those that are left out. */
function livingRows({ alive }: Block, first: number): Uint32Array {
  let next = first;
  return Uint32Array.from(alive, (isAlive) => (isAlive === 1 ? next++ : DEAD));
}

function nameBytes({ names, nameEnds }: Block, row: number): Uint8Array {
  return names.subarray(row === 0 ? 0 : nameEnds[row - 1], nameEnds[row]);
}

function rowsByName(block: Block): Float64Array {
  const keys = new Float64Array(block.alive.length);
  for (let row = 0; row < keys.length; row++) keys[row] = hashOf(nameOf(block, row)) * ROW_RANGE + row;
  return keys.sort();
}
