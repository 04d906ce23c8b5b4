import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plainBm25 } from "../../bench/bm25.ts";
import { readSet, setsUnder } from "../../bench/labelled-sets.ts";
import { behaviorNames, firstSolved, solvedHandbook } from "../../bench/solved.ts";
import { tempDirectory } from "../ports.ts";

const jsonl = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join("\n");
const CORPUS = [
  { id: "d1", name: "FirstThing", text: "Boil the water. Then wait.", more: 1 },
  { id: "d2", name: "second thing", text: "Freeze the soup." },
];
const QUERIES = [
  { id: "q1", text: "hot water" },
  { id: "q2", text: "cold soup" },
  { id: "q3", text: "hot water" },
  { id: "q4", text: "steaming kettle" },
];
const QRELS = "query\tdoc\trel\nq1\td1\t1\nq2\td2\t1\nq3\td1\t1\nq4\td1\t2\nq4\td2\t0\n";

/** A folder with a set; undefined leaves a file out. */
function folderOf(
  path: string,
  name: string,
  files: { corpus?: string; queries?: string; qrels?: string | undefined } = {},
): string {
  const folder = join(path, "retrieval", name);
  mkdirSync(folder, { recursive: true });
  const { corpus, queries, qrels } = {
    corpus: jsonl(CORPUS),
    queries: jsonl(QUERIES),
    qrels: QRELS,
    ...files,
  };
  writeFileSync(join(folder, "corpus.jsonl"), corpus);
  writeFileSync(join(folder, "queries.jsonl"), queries);
  if (qrels !== undefined) writeFileSync(join(folder, "qrels.tsv"), qrels);
  return folder;
}

test("a set is read, and theorems a second time as their first sentence", () => {
  using directory = tempDirectory();
  folderOf(directory.path, "theoremqa");
  folderOf(directory.path, "tools", { qrels: "q1\td1\t1\r\n" });
  const [full, short, tools] = setsUnder(directory.path);
  expect(full).toMatchObject({ name: "theoremqa-full", source: "theoremqa", unlabelled: 0 });
  expect(full?.queries[3]?.relevant).toEqual(new Map([["d1", 2]]));
  expect(short?.documents[0]).toMatchObject({ name: "FirstThing", text: "Boil the water." });
  expect(tools).toMatchObject({ name: "tools", queries: [{ id: "q1" }], unlabelled: 3 });
});

test.each([
  ["corpus.jsonl:2: text is not valid", { corpus: `${jsonl([CORPUS[0] ?? {}])}\n{"id":"x","name":"y"}` }],
  ["corpus.jsonl:1: this is not JSON", { corpus: "{" }],
  [
    'queries.jsonl:2: the id "q1" stands in the file twice',
    { queries: jsonl([QUERIES[0] ?? {}, QUERIES[0] ?? {}]) },
  ],
  ["queries.jsonl has no row", { queries: "\n" }],
  ["qrels.tsv:1: it has 2 columns", { qrels: "q1\td1" }],
  ['qrels.tsv:2: the relevance "high" is no number', { qrels: "q1\td1\t1\nq2\td2\thigh" }],
  ['qrels.tsv:1: queries.jsonl has no query "q9"', { qrels: "q9\td1\t1" }],
  ['qrels.tsv:1: corpus.jsonl has no document "d9"', { qrels: "q1\td9\t1" }],
  ["labels no query", { qrels: "q1\td1\t0" }],
  ["qrels.tsv is missing", { qrels: undefined }],
])("%s is told", (message, files) => {
  using directory = tempDirectory();
  const folder = folderOf(directory.path, "s", files);
  expect(() => readSet(folder)).toThrow(message);
});

test("names become names of behaviors, each its own", () => {
  const names = behaviorNames(
    ["KraftInequality", "Kraft inequality", "Hölder's", "χ²", "x".repeat(99)].map((name, i) => ({
      id: `${i}`,
      name,
      text: "t",
    })),
  );
  expect([...names.values()].slice(0, 4)).toEqual([
    "behavior_kraft_inequality",
    "behavior_kraft_inequality_2",
    "behavior_holder_s",
    "behavior_2",
  ]);
  expect(names.get("4")?.length).toBeLessThanOrEqual(80);
});

test("plain BM25 is as by hand", () => {
  const documents = [
    { id: "a", name: "water", text: "boil" },
    { id: "b", name: "soup", text: "water soup" },
  ];
  const search = plainBm25(documents);
  expect(search("water")).toEqual(["a", "b"]); // once in both; the shorter one first
  expect(search("soup water")).toEqual(["b", "a"]);
  expect(search("nothing")).toEqual([]);
});

test("only what is let count is found by, and never by the asked query itself", async () => {
  using directory = tempDirectory();
  const [set] = readSet(folderOf(directory.path, "s"));
  if (set === undefined) throw new Error("unreachable");
  const handbook = await solvedHandbook(join(directory.path, "home"), set);
  const [q1, , , q4] = set.queries;
  if (q1 === undefined || q4 === undefined) throw new Error("unreachable");

  expect(await handbook.ask("steaming kettle")).toEqual([]);
  const own = firstSolved(handbook.history, 10, q4);
  expect(own.size).toBe(3);
  await handbook.letCount(own);
  expect(await handbook.ask("steaming kettle")).toEqual([]);
  // Of three tasks of this behavior two have the same words.
  const other = firstSolved(handbook.history, 10, q1);
  expect(other.size).toBe(2);
  await handbook.letCount(other);
  expect(await handbook.ask("steaming kettle")).toEqual(["d1"]);
  expect(firstSolved(handbook.history, 10, q1, q1.relevant).size).toBe(1);
  await handbook.letCount(new Set());
  expect(await handbook.ask("steaming kettle")).toEqual([]);
  await handbook.close();
});
