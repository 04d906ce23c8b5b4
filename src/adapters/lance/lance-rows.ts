import { createHash } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import type * as Arrow from "apache-arrow";
import type { BehaviorKey } from "../../model/behavior.ts";
import { isServable } from "../../model/behavior.ts";
import type { IndexDocument } from "../../ports.ts";

/** What an index keeps of a behavior: one row per text, or one for all of them. */
export interface Recipe {
  /** The texts of a servable behavior by part: 0 is its own text, the others are tasks that were solved with it. */
  parts(document: IndexDocument): string[];
  /** Whether the text is kept, for full text; else only its hash is. */
  keepsText: boolean;
}

/** A row without its vector. */
export interface Row extends BehaviorKey {
  id: string;
  /** In lower case. */
  topic: string | null;
  part: number;
  /** Of the newest change that was read with it, so that an older reading never overwrites a newer one. */
  seq: number;
  text: string;
  /** Of the text, to tell whether it changed. */
  hash: string;
}

function rowId({ handbook, name }: BehaviorKey, part: number): string {
  return `${handbook}/${name}#${part}`;
}

export function keyOf(id: string): BehaviorKey & { part: number } {
  const slash = id.indexOf("/");
  const hash = id.lastIndexOf("#");
  return { handbook: id.slice(0, slash), name: id.slice(slash + 1, hash), part: Number(id.slice(hash + 1)) };
}

/** Of a behavior that may not be served there are none. */
export function rowsOf(document: IndexDocument, seq: number, recipe: Recipe): Row[] {
  if (!isServable(document.status)) return [];
  const { handbook, name } = document;
  const topic = document.topic?.toLowerCase() ?? null;
  return recipe.parts(document).map((text, part) => ({
    id: rowId(document, part),
    handbook,
    name,
    topic,
    part,
    seq,
    text,
    hash: createHash("sha256").update(`${topic}\n${text}`).digest("base64url").slice(0, 22),
  }));
}

const PASSAGE_CHARACTERS = 2000; // embedding models read about 512 tokens
const DETAIL_CHARACTERS = 16_000;

/** One text for the behavior and one for each solved task, to be embedded. */
export const PASSAGES: Recipe = {
  parts: (document) => [
    cut(`${words(document.name)}. ${document.when} ${document.instruction}`),
    ...document.solved_tasks.map(cut),
  ],
  keepsText: false,
};

/** Everything in one text, for full text. */
export const FULL_TEXT: Recipe = {
  parts: (document) => [
    splitCamelCase(
      [
        words(document.name),
        document.when,
        document.keywords.join(" "),
        document.instruction,
        document.detail?.slice(0, DETAIL_CHARACTERS) ?? "",
        ...document.solved_tasks,
      ].join("\n"),
    ),
  ],
  keepsText: true,
};

function words(name: string): string {
  return name.replace(/^behavior_/, "").replaceAll("_", " ");
}

export function cut(text: string): string {
  return text.slice(0, PASSAGE_CHARACTERS).toWellFormed();
}

/** Its tokenizer takes `getUserName` for one word. */
export function splitCamelCase(text: string): string {
  return text.replace(/([a-z0-9])([A-Z])/g, "$1 $2");
}

/** `model` and `dimension` where rows have vectors. */
export interface Shape {
  keepsText: boolean;
  vectors?: { model: string; dimension: number } | undefined;
}

export function schemaOf(arrow: typeof Arrow, { keepsText, vectors }: Shape): Arrow.Schema {
  const utf8 = (name: string, isNullable = false) => new arrow.Field(name, new arrow.Utf8(), isNullable);
  const fields: Arrow.Field[] = [
    utf8("id"),
    utf8("handbook"),
    utf8("name"),
    utf8("topic", true),
    new arrow.Field("part", new arrow.Int32(), false),
    new arrow.Field("seq", new arrow.Int64(), false),
    utf8("hash"),
  ];
  if (keepsText) fields.push(utf8("text"));
  if (vectors !== undefined) {
    const item = new arrow.Field("item", new arrow.Float32(), true);
    const vector = new arrow.FixedSizeList(vectors.dimension, item);
    fields.push(utf8("model"), new arrow.Field("vector", vector, true));
  }
  return new arrow.Schema(fields);
}

const SLICE = 1000; // rows turned into Arrow between two turns of the event loop: about 10 ms

/** Rows as an Arrow table; `vectors` by row, of a text that has none null. */
export async function arrowTable(
  arrow: typeof Arrow,
  shape: Shape,
  rows: readonly Row[],
  vectors: readonly (Float32Array | null)[],
): Promise<Arrow.Table> {
  const schema = schemaOf(arrow, shape);
  const slices: Arrow.Table[] = [];
  for (let from = 0; from < rows.length; from += SLICE) {
    if (from > 0) await turn();
    const some = rows.slice(from, from + SLICE);
    const utf8 = (values: readonly (string | null)[]) => arrow.vectorFromArray(values, new arrow.Utf8());
    const columns: Record<string, Arrow.Vector> = {
      id: utf8(some.map((row) => row.id)),
      handbook: utf8(some.map((row) => row.handbook)),
      name: utf8(some.map((row) => row.name)),
      topic: utf8(some.map((row) => row.topic)),
      part: arrow.makeVector(Int32Array.from(some, (row) => row.part)),
      seq: arrow.makeVector(BigInt64Array.from(some, (row) => BigInt(row.seq))),
      hash: utf8(some.map((row) => row.hash)),
    };
    if (shape.keepsText) columns.text = utf8(some.map((row) => row.text));
    if (shape.vectors !== undefined) {
      const { model, dimension } = shape.vectors;
      columns.model = utf8(some.map(() => model));
      columns.vector = vectorColumn(arrow, schema, dimension, vectors.slice(from, from + SLICE));
    }
    slices.push(new arrow.Table(schema, columns));
  }
  const [first = new arrow.Table(schema), ...rest] = slices;
  return first.concat(...rest);
}

function vectorColumn(
  arrow: typeof Arrow,
  schema: Arrow.Schema,
  dimension: number,
  vectors: readonly (Float32Array | null)[],
): Arrow.Vector {
  const data = new Float32Array(vectors.length * dimension);
  const nullBitmap = new Uint8Array(Math.ceil(vectors.length / 8));
  let nullCount = 0;
  for (const [row, vector] of vectors.entries()) {
    if (vector === null) nullCount++;
    else {
      data.set(vector, row * dimension);
      nullBitmap[row >> 3] = (nullBitmap[row >> 3] ?? 0) | (1 << (row & 7));
    }
  }
  const type = schema.fields.at(-1)?.type;
  if (!arrow.DataType.isFixedSizeList(type)) throw new Error("the vector is the last field");
  const child = arrow.makeData({ type: new arrow.Float32(), length: data.length, data });
  return arrow.makeVector(arrow.makeData({ type, length: vectors.length, nullCount, nullBitmap, child }));
}
