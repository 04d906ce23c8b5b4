import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import { BadCall } from "./report.ts";

/** Documents, queries, and which document answers which query. */
export interface LabelledSet {
  name: string;
  /** Sets of the same queries share it: none of them is foreign to the other. */
  source: string;
  documents: Document[];
  /** Those with a label only. */
  queries: Query[];
  unlabelled: number;
}

export interface Document {
  id: string;
  name: string;
  text: string;
}

export interface Query {
  id: string;
  text: string;
  /** Relevance by document id, above 0. */
  relevant: ReadonlyMap<string, number>;
}

/** Sets of long texts that are read a second time as the one sentence that a learned behavior has. */
const ALSO_SHORT = ["theoremqa"];

/** Every set under `<data>/retrieval`. Throws: BadCall. */
export function setsUnder(data: string): LabelledSet[] {
  const folders = globSync("retrieval/*/corpus.jsonl", { cwd: data }).sort();
  if (folders.length > 0) return folders.flatMap((file) => readSet(join(data, dirname(file))));
  throw new BadCall(
    `There is no labelled set in ${join(data, "retrieval")}: each is a folder of ${FORM}. Name another directory with --data, or single folders with --set.`,
  );
}

const FORM =
  "corpus.jsonl ({id, name, text} a line), queries.jsonl ({id, text} a line) and qrels.tsv (query, document, relevance)";
const Text = z.string().trim().min(1);
const DocumentRow = z.object({ id: z.string().min(1), name: Text, text: Text });
const QueryRow = z.object({ id: z.string().min(1), text: Text });

/** One folder in the neutral form; two sets where the short form is measured too. Throws: BadCall, naming file and line. */
export function readSet(folder: string): LabelledSet[] {
  const files = { corpus: "corpus.jsonl", queries: "queries.jsonl", qrels: "qrels.tsv" };
  for (const file of Object.values(files)) {
    if (existsSync(join(folder, file))) continue;
    throw new BadCall(`${join(folder, file)} is missing: a set is a folder of ${FORM}.`);
  }
  const documents = rowsOf(join(folder, files.corpus), DocumentRow);
  const queries = rowsOf(join(folder, files.queries), QueryRow);
  const labels = labelsOf(join(folder, files.qrels), idsOf(queries), idsOf(documents));
  const labelled = queries.flatMap((query) => {
    const relevant = labels.get(query.id);
    return relevant === undefined ? [] : [{ ...query, relevant }];
  });
  if (labelled.length === 0)
    throw new BadCall(`${join(folder, files.qrels)} labels no query: nothing can be asked.`);
  const source = basename(folder);
  const set = { source, documents, queries: labelled, unlabelled: queries.length - labelled.length };
  if (!ALSO_SHORT.includes(source)) return [{ name: source, ...set }];
  const short = documents.map((document) => ({ ...document, text: firstSentence(document.text) }));
  return [
    { name: `${source}-full`, ...set },
    { name: `${source}-short`, ...set, documents: short },
  ];
}

function firstSentence(text: string): string {
  const [{ segment } = { segment: text }] = new Intl.Segmenter("en", { granularity: "sentence" }).segment(
    text,
  );
  return segment.trim();
}

function linesOf(file: string): { line: string; place: string }[] {
  const lines = readFileSync(file, "utf8")
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/);
  return lines.flatMap((line, i) => (line.trim() === "" ? [] : [{ line, place: `${file}:${i + 1}` }]));
}

function rowsOf<T extends { id: string }>(file: string, schema: z.ZodType<T>): T[] {
  const rows = new Map<string, T>();
  for (const { line, place } of linesOf(file)) {
    const { success, data, error } = schema.safeParse(json(line, place));
    if (!success) {
      const [issue] = error.issues;
      const field = issue?.path.join(".") || "the line";
      throw new BadCall(
        `${place}: ${field} is not valid (${issue?.message}). Each line is an object with ${fieldsOf(schema)}, texts that are not empty.`,
      );
    }
    if (rows.has(data.id))
      throw new BadCall(
        `${place}: the id ${JSON.stringify(data.id)} stands in the file twice. Give each row its own.`,
      );
    rows.set(data.id, data);
  }
  if (rows.size === 0)
    throw new BadCall(`${file} has no row. Each line is an object with ${fieldsOf(schema)}.`);
  return [...rows.values()];
}

function fieldsOf(schema: z.ZodType): string {
  return schema === DocumentRow ? "id, name and text" : "id and text";
}

function json(line: string, place: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new BadCall(`${place}: this is not JSON. Write one JSON object a line.`, { cause });
  }
}

function idsOf(rows: readonly { id: string }[]): Set<string> {
  return new Set(rows.map(({ id }) => id));
}

/** The relevant documents of each query. A first line whose third column is no number is the head. */
function labelsOf(
  file: string,
  queries: ReadonlySet<string>,
  documents: ReadonlySet<string>,
): Map<string, Map<string, number>> {
  const labels = new Map<string, Map<string, number>>();
  for (const [i, { line, place }] of linesOf(file).entries()) {
    const [query = "", document = "", relevance, ...more] = line.split("\t");
    const rel = Number(relevance ?? Number.NaN);
    if (relevance === undefined || more.length > 0)
      throw new BadCall(
        `${place}: it has ${line.split("\t").length} columns. Write query, document and relevance with tabs between.`,
      );
    if (Number.isNaN(rel) || relevance.trim() === "") {
      if (i === 0) continue;
      throw new BadCall(
        `${place}: the relevance ${JSON.stringify(relevance)} is no number. Write 1 for relevant and 0 for not.`,
      );
    }
    if (!queries.has(query))
      throw new BadCall(
        `${place}: queries.jsonl has no query ${JSON.stringify(query)}. Add it or remove the label.`,
      );
    if (!documents.has(document))
      throw new BadCall(
        `${place}: corpus.jsonl has no document ${JSON.stringify(document)}. Add it or remove the label.`,
      );
    if (rel <= 0) continue;
    const relevant = labels.get(query) ?? new Map<string, number>();
    labels.set(query, relevant.set(document, rel));
  }
  return labels;
}
