import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "markdown-table";
import { round, type Summary } from "./measure.ts";

/** What the command line said, of what a bench takes. */
export interface Options {
  data?: string;
  set?: readonly string[];
  embedder?: readonly string[];
  ablate?: boolean;
  sizes?: readonly number[];
  runs?: number;
  seed?: number;
  seconds?: number;
  calls?: number;
  tasks?: number;
  kills?: number;
  megabytes?: number;
}

/** What a bench hands back: keys for machines, rows for people. */
export interface Result {
  /** Of its files in bench/results; the bench's, where it is left out. */
  name?: string;
  keys: Record<string, unknown>;
  /** Tables of its own, printed before the rows. */
  tables?: Table[];
  rows: Row[];
  /** As SVG. */
  picture?: string;
  /** What no run may have: lost data, errors. Any of them makes the exit code 1; a missed time does not. */
  faults: string[];
}

export interface Table {
  title: string;
  /** The first one is the head. */
  lines: string[][];
  align: readonly ("l" | "r")[];
}

/** What the caller can mend: the data are missing or not as they must be. Exit code 2, and only the message. */
export class BadCall extends Error {}

export interface Row {
  what: string;
  value: string;
  /** Smallest and largest, where it was measured more than once. */
  spread?: string;
  must?: { text: string; holds: boolean };
}

export function row(what: string, value: number, unit: string, must?: Row["must"], spread?: Summary): Row {
  return {
    what,
    value: figure(value, unit),
    ...(spread && { spread: `${round(spread.min)} to ${round(spread.max)}, n = ${spread.n}` }),
    ...(must && { must }),
  };
}

export function atMost(limit: number, value: number, unit: string): Row["must"] {
  return { text: `at most ${figure(limit, unit)}`, holds: value <= limit };
}

export function atLeast(limit: number, value: number, unit: string): Row["must"] {
  return { text: `at least ${figure(limit, unit)}`, holds: value >= limit };
}

export function exactly(wanted: number, value: number): Row["must"] {
  return { text: String(wanted), holds: value === wanted };
}

function figure(value: number, unit: string): string {
  return `${round(value)} ${unit}`.trim();
}

export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ what, value, spread, must }) => [
    what,
    value,
    spread,
    must?.text,
    must && (must.holds ? "yes" : "no"),
  ]);
  return markdownTable([["", "value", "min to max", "must", "holds"], ...lines], {
    align: ["l", "r", "l", "l", "l"],
  });
}

/** Writes bench/results/<name>.json, the picture beside it, and returns their paths. */
export function writeResult(
  name: string,
  facts: Record<string, unknown>,
  picture: string | undefined,
): string[] {
  const directory = join(import.meta.dirname, "results");
  mkdirSync(directory, { recursive: true });
  const files = new Map([[`${name}.json`, `${JSON.stringify(facts, roundedNumbers, 2)}\n`]]);
  if (picture !== undefined) files.set(`${name}.svg`, picture);
  for (const [file, content] of files) writeFileSync(join(directory, file), content);
  return [...files.keys()].map((file) => join(directory, file));
}

function roundedNumbers(_key: string, value: unknown): unknown {
  return typeof value === "number" ? round(value, 4) : value;
}
