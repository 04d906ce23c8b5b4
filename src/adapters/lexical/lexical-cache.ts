import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import * as z from "zod";
import { makeDirectory } from "../make-directory.ts";
import type { Block } from "./lexical-block.ts";

/**
 * A copy of the lexical index on disk, so that a process need not read and take apart every behavior again.
 *
 * The file is the blocks' arrays one after the other, each from a multiple of 8 on, and a header in JSON that says
 * where they are. It is written whole under another name and then renamed. Whatever is wrong with one (another
 * format, other rules, a torn or damaged file) makes it no copy at all: the index is built anew.
 */
export interface Cached {
  /** By which the ledger knows it. */
  name: string;
  seq: number;
  segments: { slug: string; blocks: Block[] }[];
}

const ARRAYS = {
  hashes: Uint32Array,
  offsets: Uint32Array,
  postingRows: Uint32Array,
  postingCounts: Uint32Array,
  lengths: Uint16Array,
  names: Uint8Array,
  nameEnds: Uint32Array,
  topics: Uint32Array,
  alive: Uint8Array,
};
type ArrayName = keyof typeof ARRAYS;
const NAMES = Object.keys(ARRAYS) as ArrayName[];

const PREFIX_BYTES = 16; // magic, then the header's length
const MAGIC = "bhlex-3\n";
const ALIGNMENT = 8;

const Header = z.object({
  key: z.string(),
  name: z.string(),
  seq: z.int().min(0),
  crc: z.int(),
  bytes: z.int(),
  segments: z.array(
    z.object({
      slug: z.string(),
      blocks: z.array(
        z.object({
          size: z.int(),
          topicNames: z.array(z.string()).readonly(),
          lengths: z.array(z.int().min(0)).length(NAMES.length),
        }),
      ),
    }),
  ),
});

/** Writes the copy, which must not change meanwhile. `key` names the rules that it depends on. */
export async function writeCache(path: string, key: string, { name, seq, segments }: Cached): Promise<void> {
  const arrays = segments.flatMap(({ blocks }) =>
    blocks.flatMap((block) => NAMES.map((array) => block[array])),
  );
  let crc = 0;
  let bytes = 0;
  for (const array of arrays) {
    crc = crc32(bytesOf(array), crc);
    bytes += aligned(array.byteLength);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const header = Buffer.from(
    JSON.stringify({
      key,
      name,
      seq,
      crc,
      bytes,
      segments: segments.map(({ slug, blocks }) => ({
        slug,
        blocks: blocks.map((block) => ({
          size: block.size,
          topicNames: block.topicNames,
          lengths: NAMES.map((array) => block[array].length),
        })),
      })),
    } satisfies z.input<typeof Header>),
  );
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.write(MAGIC, "latin1");
  prefix.writeUInt32LE(header.length, MAGIC.length);

  makeDirectory(dirname(path));
  const unfinished = `${path}.${randomUUID()}`;
  try {
    const file = await open(unfinished, "wx");
    try {
      await file.writev([prefix, header, Buffer.alloc(padding(PREFIX_BYTES + header.length))]);
      for (const array of arrays)
        await file.writev([bytesOf(array), Buffer.alloc(padding(array.byteLength))]);
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Reads the copy, or undefined where there is none that is whole and made with the same `key`. */
export async function readCache(path: string, key: string): Promise<Cached | undefined> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      const { buffer } = await file.read({ buffer: Buffer.allocUnsafeSlow(size), length: size });
      return size >= PREFIX_BYTES ? parse(buffer, key) : undefined;
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

function parse(file: Buffer<ArrayBuffer>, key: string): Cached | undefined {
  if (file.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  const headerEnd = PREFIX_BYTES + file.readUInt32LE(MAGIC.length);
  const header = Header.parse(JSON.parse(file.toString("utf8", PREFIX_BYTES, headerEnd)));
  let at = headerEnd + padding(headerEnd);
  if (header.key !== key || file.length !== at + header.bytes) return undefined;
  let crc = 0;
  const segments = header.segments.map(({ slug, blocks }) => ({
    slug,
    blocks: blocks.map(({ size, topicNames, lengths }) => {
      const arrays = Object.fromEntries(
        NAMES.map((name, place) => {
          const array = new ARRAYS[name](file.buffer, at, lengths[place]);
          crc = crc32(bytesOf(array), crc);
          at += aligned(array.byteLength);
          return [name, array];
        }),
      ) as Pick<Block, ArrayName>;
      return { ...arrays, size, topicNames };
    }),
  }));
  return crc === header.crc ? { name: header.name, seq: header.seq, segments } : undefined;
}

function bytesOf(array: Uint32Array | Uint16Array | Uint8Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function padding(bytes: number): number {
  return (ALIGNMENT - (bytes % ALIGNMENT)) % ALIGNMENT;
}

function aligned(bytes: number): number {
  return bytes + padding(bytes);
}
